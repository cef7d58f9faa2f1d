;;; cofferdam-documents.el --- Keep the server's view of buffers true  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; `cofferdam-mode' is on in the file buffers of a project that Cofferdam
;; works on.  It tells the language server their text, saved or not, and
;; shows its diagnostics.  It keeps its own connection and so gets along
;; with eglot or lsp-mode in the same buffer.

;;; Code:

(require 'cofferdam-client)
(require 'cofferdam-diagnostics)

(defcustom cofferdam-follow-project-buffers t
  "Whether `cofferdam-mode' comes on in every file buffer of a project.
It does so once a language server runs for the project.  Unsaved text of
other buffers is not seen by sessions."
  :type 'boolean
  :group 'cofferdam
  :package-version '(cofferdam . "0.1.0"))

(defconst cofferdam--change-delay 0.4
  "Seconds without a change before a buffer's text is sent.")

(defconst cofferdam--document-limit (* 8 1024 1024)
  "Buffers with more characters are left to the file on disk.")

(defvar cofferdam-mode)                 ; defined below

(defvar-local cofferdam--doc-conn nil
  "The connection that has this buffer open, or nil.")
(defvar-local cofferdam--doc-uri nil
  "The URI under which this buffer is open.")
(defvar-local cofferdam--doc-version 0
  "Version of the text that was last sent.")
(defvar-local cofferdam--doc-dirty nil
  "Whether the text has changed since it was sent.")
(defvar-local cofferdam--doc-timer nil
  "Timer that will send the text.")

(defun cofferdam--language-id ()
  "Return the LSP language identifier of this buffer."
  (let ((name (replace-regexp-in-string
               "\\(?:-ts\\)?-mode\\'" "" (symbol-name major-mode))))
    (pcase name
      ("c++" "cpp") ("sh" "shellscript") ("bash" "shellscript") ("js" "javascript")
      ("js2" "javascript") ("makefile-gmake" "makefile") ("conf" "ini")
      ("objc" "objective-c") ("text" "plaintext") ("fundamental" "plaintext")
      (_ name))))

(defun cofferdam--crlf-p ()
  "Return non-nil if this buffer's lines end with CR LF on disk."
  (eq 1 (coding-system-eol-type (or buffer-file-coding-system 'utf-8-unix))))

(defun cofferdam--document-text ()
  "Return the text of this buffer as it would be on disk, or nil.
It is nil for text that cannot be JSON or is too large."
  (save-restriction
    (widen)
    (unless (> (buffer-size) cofferdam--document-limit)
      (let ((text (buffer-substring-no-properties (point-min) (point-max))))
        (unless (string-match-p "[\x3fff80-\x3fffff]" text)
          (if (cofferdam--crlf-p) (string-replace "\n" "\r\n" text) text))))))

(defun cofferdam--ordinary-file-p (path)
  "Return non-nil if PATH is a file whose text may leave Emacs.
Files that Emacs decrypts, unpacks or fetches are not, nor are git's own."
  (and path
       (not (find-file-name-handler path 'insert-file-contents))
       (not (string-match-p "/\\.git/" path))))

(defun cofferdam--doc-open (conn)
  "Open this buffer's document in CONN."
  (let ((text (cofferdam--document-text)))
    (cond
     (cofferdam--doc-conn)
     ((not text)
      (when (buffer-modified-p)
        (message "Cofferdam: %s is too large or not text; sessions see its file"
                 (buffer-name))))
     (t
      (setq cofferdam--doc-conn conn
            cofferdam--doc-uri (cofferdam--path-to-uri (file-truename buffer-file-name))
            cofferdam--doc-version 1
            cofferdam--doc-dirty nil)
      (cofferdam--notify conn 'textDocument/didOpen
                         (list :textDocument
                               (list :uri cofferdam--doc-uri
                                     :languageId (cofferdam--language-id)
                                     :version cofferdam--doc-version
                                     :text text)))))))

(defun cofferdam--doc-close ()
  "Close this buffer's document."
  (when (timerp cofferdam--doc-timer) (cancel-timer cofferdam--doc-timer))
  (when cofferdam--doc-conn
    (cofferdam--notify cofferdam--doc-conn 'textDocument/didClose
                       (list :textDocument (list :uri cofferdam--doc-uri))))
  (setq cofferdam--doc-conn nil cofferdam--doc-timer nil cofferdam--doc-dirty nil))

(defun cofferdam--doc-flush (buffer)
  "Send the text of BUFFER if it has changed."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (when (timerp cofferdam--doc-timer) (cancel-timer cofferdam--doc-timer))
      (setq cofferdam--doc-timer nil)
      (when (and cofferdam--doc-dirty cofferdam--doc-conn)
        (setq cofferdam--doc-dirty nil)
        (let ((text (cofferdam--document-text)))
          (if (not text)
              (cofferdam--doc-close)
            (cl-incf cofferdam--doc-version)
            (cofferdam--notify
             cofferdam--doc-conn 'textDocument/didChange
             (list :textDocument (list :uri cofferdam--doc-uri
                                       :version cofferdam--doc-version)
                   :contentChanges (vector (list :text text))))))))))

(defun cofferdam--flush-documents (conn)
  "Send the changed texts of all buffers that are open in CONN."
  (dolist (buffer (buffer-list))
    (when (eq (buffer-local-value 'cofferdam--doc-conn buffer) conn)
      (cofferdam--doc-flush buffer))))

(add-hook 'cofferdam--before-request-functions #'cofferdam--flush-documents)

;;; Hooks in buffers

(defun cofferdam--after-change (&rest _)
  "Note that this buffer's text has changed."
  (when cofferdam--doc-conn
    (setq cofferdam--doc-dirty t)
    (when (timerp cofferdam--doc-timer) (cancel-timer cofferdam--doc-timer))
    (setq cofferdam--doc-timer
          (run-with-timer cofferdam--change-delay nil
                          #'cofferdam--doc-flush (current-buffer)))))

(defun cofferdam--after-save ()
  "Tell the server that this buffer was saved."
  (when cofferdam--doc-conn
    (cofferdam--doc-flush (current-buffer))
    (cofferdam--notify cofferdam--doc-conn 'textDocument/didSave
                       (list :textDocument (list :uri cofferdam--doc-uri)))))

(defun cofferdam--after-rename ()
  "Open this buffer's document anew under its new file name."
  (let ((conn cofferdam--doc-conn))
    (cofferdam--doc-close)
    (if (and conn buffer-file-name
             (cofferdam--inside-p buffer-file-name (cofferdam--conn-root conn)))
        (cofferdam--doc-open conn)
      (cofferdam-mode -1))))

(defun cofferdam--after-major-mode ()
  "Put Flymake on again after the major mode has turned it off."
  (when cofferdam-mode (cofferdam--flymake-on)))

(dolist (function '(cofferdam--after-change cofferdam--after-save
                    cofferdam--after-rename cofferdam--doc-close
                    cofferdam--after-major-mode))
  (put function 'permanent-local-hook t))

(defconst cofferdam--buffer-hooks
  '((after-change-functions . cofferdam--after-change)
    (after-revert-hook . cofferdam--after-change)
    (after-save-hook . cofferdam--after-save)
    (after-set-visited-file-name-hook . cofferdam--after-rename)
    (kill-buffer-hook . cofferdam--doc-close)
    (after-change-major-mode-hook . cofferdam--after-major-mode))
  "Local hooks of `cofferdam-mode'.")

(defvar cofferdam-lighter-function #'ignore
  "Function without arguments that gives more text for the mode line, or nil.")

(defun cofferdam--lighter ()
  "Return the mode line text of `cofferdam-mode' in this buffer."
  (let* ((conn cofferdam--doc-conn)
         (progress (and conn (cofferdam--conn-progress conn)))
         (text (concat " Cof" (funcall cofferdam-lighter-function))))
    (if progress
        (propertize text 'help-echo
                    (mapconcat (lambda (entry) (string-join (delq nil (cdr entry)) ": "))
                               progress "\n"))
      text)))

(defvar cofferdam-mode-map (make-sparse-keymap)
  "Keymap of `cofferdam-mode'; empty, for the user to fill.")

;;;###autoload
(define-minor-mode cofferdam-mode
  "Let Cofferdam see this buffer and show its diagnostics here.
The mode comes on by itself in the buffers of a project when a session
starts; see `cofferdam-follow-project-buffers'."
  :lighter (:eval (cofferdam--lighter))
  :keymap cofferdam-mode-map
  :group 'cofferdam
  (cond
   ((and cofferdam-mode (not (cofferdam--ordinary-file-p buffer-file-name)))
    (setq cofferdam-mode nil)
    (user-error "Only buffers of ordinary local files have `cofferdam-mode'"))
   (cofferdam-mode
    (pcase-dolist (`(,hook . ,function) cofferdam--buffer-hooks)
      (add-hook hook function nil t))
    (when-let ((conn (cofferdam--connection-of buffer-file-name)))
      (when (eq (cofferdam--conn-state conn) 'ready)
        (cofferdam--doc-open conn)))
    (cofferdam--flymake-on))
   (t
    (pcase-dolist (`(,hook . ,function) cofferdam--buffer-hooks)
      (remove-hook hook function t))
    (cofferdam--doc-close)
    (cofferdam--flymake-off))))

(dolist (variable '(cofferdam-mode cofferdam--doc-conn cofferdam--doc-uri
                    cofferdam--doc-version cofferdam--doc-dirty
                    cofferdam--doc-timer))
  (put variable 'permanent-local t))

;;; All buffers of a project

(defun cofferdam--file-opened ()
  "Turn `cofferdam-mode' on if this file's project has a server."
  (when (and cofferdam-follow-project-buffers
             (cofferdam--ordinary-file-p buffer-file-name)
             (not cofferdam-mode)
             (cofferdam--connection-of buffer-file-name))
    (cofferdam-mode 1)))

(defun cofferdam--adopt-buffers (conn)
  "Open the buffers of CONN's project in CONN, which is ready."
  (add-hook 'find-file-hook #'cofferdam--file-opened)
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when (and (cofferdam--ordinary-file-p buffer-file-name)
                 (eq (cofferdam--connection-of buffer-file-name) conn))
        (cond (cofferdam-mode (cofferdam--doc-open conn))
              (cofferdam-follow-project-buffers (cofferdam-mode 1)))))))

(defun cofferdam--orphan-buffers (conn)
  "Note in buffers that CONN has ended."
  (unless (cofferdam--live-connections)
    (remove-hook 'find-file-hook #'cofferdam--file-opened))
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when (eq cofferdam--doc-conn conn)
        (setq cofferdam--doc-conn nil cofferdam--doc-dirty nil)))))

(add-hook 'cofferdam-connected-hook #'cofferdam--adopt-buffers)
(add-hook 'cofferdam--disconnected-functions #'cofferdam--orphan-buffers)

(provide 'cofferdam-documents)
;;; cofferdam-documents.el ends here
