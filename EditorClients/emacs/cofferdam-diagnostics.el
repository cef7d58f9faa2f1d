;;; cofferdam-diagnostics.el --- Compiler diagnostics as Flymake's  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; `textDocument/publishDiagnostics' becomes Flymake diagnostics: in
;; buffers with `cofferdam-mode' through a backend, for other files
;; through `flymake-list-only-diagnostics', which
;; \\[flymake-show-project-diagnostics] lists.

;;; Code:

(require 'cofferdam-client)
(require 'flymake)

(defvar cofferdam-mode)                 ; cofferdam-documents.el

(defvar cofferdam-diagnostics-functions nil
  "Functions called with a path and its diagnostics when they have changed.
The diagnostics are a vector of LSP diagnostics as plists.")

(defvar cofferdam--published-functions nil
  "Functions called, without arguments that count, after diagnostics came.")

(defvar cofferdam--published (make-hash-table :test #'equal)
  "Map from path to (CONNECTION . VECTOR) of its published diagnostics.")

(defvar-local cofferdam--diagnostics nil
  "The diagnostics of this buffer: list of (BEG END TYPE TEXT LSP-DIAGNOSTIC).
BEG and END are markers, so that diagnostics move with the text.")

(defvar-local cofferdam--flymake-report nil
  "The function that Flymake gave for reporting.")

(defvar-local cofferdam--flymake-saved nil
  "(FUNCTIONS . LOCAL-P): `flymake-diagnostic-functions' to restore, if any.")

(put 'cofferdam--diagnostics 'permanent-local t)
(put 'cofferdam--flymake-saved 'permanent-local t)

(defface cofferdam-stale '((t :inherit shadow :slant italic))
  "Face of diagnostics on lines that you have changed since the tool saw them."
  :group 'cofferdam)
(defface cofferdam-unnecessary '((t :inherit shadow))
  "Face of text that a tool calls unnecessary, such as an unused variable."
  :group 'cofferdam)
(defface cofferdam-deprecated '((t :inherit shadow :strike-through t))
  "Face of text that a tool calls deprecated."
  :group 'cofferdam)

(put 'cofferdam-stale 'flymake-category 'flymake-note)
(put 'cofferdam-stale 'flymake-type-name "stale")
(put 'cofferdam-stale 'face 'cofferdam-stale)
(put 'cofferdam-stale 'flymake-bitmap nil)

(defun cofferdam--stale-p (diagnostic)
  "Return non-nil if the user has changed the line of DIAGNOSTIC since.
It is an LSP diagnostic."
  (eq (plist-get (plist-get diagnostic :data) :stale) t))

(defun cofferdam--diagnostic-type (diagnostic)
  "Return Flymake's type for DIAGNOSTIC, an LSP diagnostic."
  (if (cofferdam--stale-p diagnostic)
      'cofferdam-stale
    (pcase (plist-get diagnostic :severity)
      (2 :warning)
      ((or 3 4) :note)
      (_ :error))))

(defun cofferdam--tag-faces (diagnostic)
  "Return overlay properties for the tags of DIAGNOSTIC, an LSP diagnostic."
  (when-let ((faces (cl-loop for tag across (vconcat (plist-get diagnostic :tags))
                             for face = (pcase tag
                                          (1 'cofferdam-unnecessary)
                                          (2 'cofferdam-deprecated))
                             when face collect face)))
    (list (cons 'face
                (append faces
                        (list (pcase (cofferdam--diagnostic-type diagnostic)
                                (:error 'flymake-error)
                                (:warning 'flymake-warning)
                                (_ 'flymake-note))))))))

(defun cofferdam--diagnostic-message (diagnostic)
  "Return the message of DIAGNOSTIC, an LSP diagnostic, with tool and rule."
  (let ((source (cofferdam--one-line (plist-get diagnostic :source) 40))
        (code (cofferdam--one-line (plist-get diagnostic :code) 60)))
    (concat (cofferdam--one-line (plist-get diagnostic :message) 1000)
            (unless (and (string-empty-p source) (string-empty-p code))
              (format " [%s]" (string-trim (concat source " " code)))))))

(defun cofferdam--diagnostic-text (diagnostic)
  "Return the text to show for DIAGNOSTIC, an LSP diagnostic.
For example \"unused variable 'x' [gcc -Wunused-variable]\"."
  (concat (cofferdam--diagnostic-message diagnostic)
          (mapconcat #'cofferdam--related-text
                     (seq-take (append (plist-get diagnostic :relatedInformation) nil) 3)
                     "")))

(defun cofferdam--related-text (related)
  "Return a phrase for RELATED, one of a diagnostic's relatedInformation."
  (let ((location (plist-get related :location)))
    (format "; %s:%s: %s"
            (file-name-nondirectory
             (or (ignore-errors (cofferdam--uri-to-path (plist-get location :uri))) "?"))
            (1+ (or (plist-get (plist-get (plist-get location :range) :start) :line) 0))
            (cofferdam--one-line (plist-get related :message) 200))))

(defun cofferdam--diagnostic-region (diagnostic encoding)
  "Return (BEG . END) of DIAGNOSTIC, with positions in ENCODING, here."
  (let* ((range (plist-get diagnostic :range))
         (beg (cofferdam--from-lsp-position (plist-get range :start) encoding))
         (end (cofferdam--from-lsp-position (plist-get range :end) encoding)))
    (if (< beg end)
        (cons beg end)
      ;; An empty range would not be seen: take the symbol or the line.
      (or (save-excursion
            (goto-char beg)
            (flymake-diag-region (current-buffer) (line-number-at-pos nil t)
                                 (1+ (- beg (line-beginning-position)))))
          (cons beg (min (point-max) (1+ beg)))))))

(defun cofferdam--clear-markers ()
  "Forget the diagnostics of this buffer."
  (dolist (entry cofferdam--diagnostics)
    (set-marker (nth 0 entry) nil)
    (set-marker (nth 1 entry) nil))
  (setq cofferdam--diagnostics nil))

(defun cofferdam--take-diagnostics ()
  "Take what was published for this buffer's file, and show it."
  (let* ((published (gethash (file-truename buffer-file-name) cofferdam--published))
         (encoding (and published (cofferdam--conn-encoding (car published)))))
    (save-restriction
      (widen)
      (cofferdam--clear-markers)
      (dolist (diagnostic (append (cdr published) nil))
        ;; One bad diagnostic does not hide the others.
        (ignore-errors
          (let ((region (cofferdam--diagnostic-region diagnostic encoding)))
            (push (list (copy-marker (car region) t) (copy-marker (cdr region))
                        (cofferdam--diagnostic-type diagnostic)
                        (cofferdam--diagnostic-text diagnostic)
                        diagnostic)
                  cofferdam--diagnostics))))
      (setq cofferdam--diagnostics (nreverse cofferdam--diagnostics)))
    (cofferdam--report)))

(defun cofferdam--report ()
  "Tell Flymake the diagnostics of this buffer."
  (when (bound-and-true-p flymake-mode)
    (condition-case nil
        (cofferdam--report-now)
      ;; Flymake has forgotten the function, or never gave one.
      (error
       (setq cofferdam--flymake-report nil)
       (flymake-start)))))

(defun cofferdam--report-now ()
  "Give Flymake the diagnostics of this buffer by the function it gave."
  (save-restriction
    (widen)
    (funcall cofferdam--flymake-report
             (mapcar (lambda (entry)
                       (pcase-let ((`(,beg ,end ,type ,text ,data) entry))
                         (flymake-make-diagnostic
                          (current-buffer) (marker-position beg)
                          (max (marker-position end)
                               (min (point-max) (1+ beg)))
                          type text data (cofferdam--tag-faces data))))
                     cofferdam--diagnostics)
             ;; The region makes this report replace the earlier ones.
             :region (cons (point-min) (point-max)))))

;;;###autoload
(defun cofferdam-flymake-backend (report-fn &rest _)
  "Report through REPORT-FN the diagnostics of this buffer: a Flymake backend."
  (setq cofferdam--flymake-report report-fn)
  (cofferdam--report-now))
(put 'cofferdam-flymake-backend 'permanent-local-hook t)

(defun cofferdam--flymake-on ()
  "Add Cofferdam's backend to Flymake in this buffer.
Where Flymake is off, turn it on with this backend alone: the standard
backends may run the project's build outside the sandbox, which is for
the user to decide."
  (unless (bound-and-true-p flymake-mode)
    (unless cofferdam--flymake-saved
      (setq cofferdam--flymake-saved
            (cons flymake-diagnostic-functions
                  (local-variable-p 'flymake-diagnostic-functions))))
    (setq-local flymake-diagnostic-functions nil))
  (add-hook 'flymake-diagnostic-functions #'cofferdam-flymake-backend nil t)
  (if (bound-and-true-p flymake-mode)
      (flymake-start)
    (flymake-mode 1))
  (cofferdam--list-only-remove (file-truename buffer-file-name))
  (cofferdam--take-diagnostics))

(defun cofferdam--flymake-off ()
  "Remove Cofferdam's backend from Flymake in this buffer."
  (cofferdam--clear-markers)
  (cofferdam--report)
  (setq cofferdam--flymake-report nil)
  (remove-hook 'flymake-diagnostic-functions #'cofferdam-flymake-backend t)
  (when cofferdam--flymake-saved
    (when (and (bound-and-true-p flymake-mode) (null (remq t flymake-diagnostic-functions)))
      (flymake-mode -1))
    (if (cdr cofferdam--flymake-saved)
        (setq-local flymake-diagnostic-functions
                    (cl-union (car cofferdam--flymake-saved) flymake-diagnostic-functions))
      (unless (remq t flymake-diagnostic-functions)
        (kill-local-variable 'flymake-diagnostic-functions)))
    (setq cofferdam--flymake-saved nil)))

;;; Files without a buffer

(defun cofferdam--list-only-remove (path)
  "Remove PATH's diagnostics from `flymake-list-only-diagnostics'."
  (setq flymake-list-only-diagnostics
        (cl-delete path flymake-list-only-diagnostics :key #'car :test #'equal)))

(defun cofferdam--list-only-add (path diagnostics)
  "Put DIAGNOSTICS, a vector, of PATH into `flymake-list-only-diagnostics'."
  (when (> (length diagnostics) 0)
    (push (cons path
                (mapcar (lambda (diagnostic)
                          (let ((start (plist-get (plist-get diagnostic :range) :start)))
                            (flymake-make-diagnostic
                             path
                             (cons (1+ (or (plist-get start :line) 0))
                                   (or (plist-get start :character) 0))
                             nil
                             (cofferdam--diagnostic-type diagnostic)
                             (cofferdam--diagnostic-text diagnostic)
                             diagnostic)))
                        diagnostics))
          flymake-list-only-diagnostics)))

(defun cofferdam--buffer-of (path)
  "Return the buffer that visits PATH, or nil."
  (or (get-file-buffer path) (find-buffer-visiting path)))

(defun cofferdam--publish (conn path diagnostics)
  "Show DIAGNOSTICS, a vector, that CONN has for PATH, instead of earlier ones."
  (if (= (length diagnostics) 0)
      (remhash path cofferdam--published)
    (puthash path (cons conn diagnostics) cofferdam--published))
  (cofferdam--list-only-remove path)
  (let ((buffer (cofferdam--buffer-of path)))
    (if (and buffer (buffer-local-value 'cofferdam-mode buffer))
        (with-current-buffer buffer (cofferdam--take-diagnostics))
      (cofferdam--list-only-add path diagnostics)))
  (run-hook-with-args 'cofferdam--published-functions path)
  (run-hook-with-args 'cofferdam-diagnostics-functions path diagnostics))

(defun cofferdam--handle-publish (conn params)
  "Handle `textDocument/publishDiagnostics' with PARAMS from CONN."
  (cofferdam--publish conn
                      (file-truename (cofferdam--uri-to-path (plist-get params :uri)))
                      (or (plist-get params :diagnostics) [])))

(defun cofferdam--forget-diagnostics (conn)
  "Clear what CONN, which has ended, had published."
  (let ((paths nil))
    (maphash (lambda (path published)
               (when (eq (car published) conn) (push path paths)))
             cofferdam--published)
    (dolist (path paths) (cofferdam--publish conn path []))))

(cofferdam--on-notification 'textDocument/publishDiagnostics
                            #'cofferdam--handle-publish)
(add-hook 'cofferdam--disconnected-functions #'cofferdam--forget-diagnostics)

;;; Diagnostics for the agent

(defun cofferdam--lsp-of (diagnostic)
  "Return the LSP diagnostic that Flymake DIAGNOSTIC was made of, or nil.
Cofferdam's and eglot's know the tool, the rule and the bare message."
  (let ((data (flymake-diagnostic-data diagnostic)))
    (cond ((and (consp data) (plist-member data :message)) data)
          ((and (consp data) (consp (cdr-safe (assq 'eglot-lsp-diag data))))
           (cdr (assq 'eglot-lsp-diag data))))))

(defun cofferdam--wire-related (related root)
  "Return RELATED, of an LSP diagnostic, as a RelatedLocation; nil if outside ROOT.
Its server counts columns as it likes: only whole lines are sure."
  (let* ((location (plist-get related :location))
         (range (plist-get location :range))
         (first (plist-get (plist-get range :start) :line))
         (last (plist-get (plist-get range :end) :line))
         (path (ignore-errors (cofferdam--uri-to-path (plist-get location :uri)))))
    (when (and path (cofferdam--inside-p path root))
      `( :path ,(cofferdam--relative path root)
         ,@(and (natnump first)
                (list :range (list :startLine (1+ first) :startColumn 1
                                   :endLine (+ 2 (max first (if (natnump last) last first)))
                                   :endColumn 1)))
         :message ,(format "%s" (or (plist-get related :message) ""))))))

(defun cofferdam--wire-tags (lsp)
  "Return the tags of LSP, an LSP diagnostic, for the protocol."
  (cl-loop for tag across (vconcat (plist-get lsp :tags))
           for name = (pcase tag (1 "unnecessary") (2 "deprecated"))
           when name collect name))

(defun cofferdam--wire-diagnostic (diagnostic root)
  "Return Flymake DIAGNOSTIC of this buffer as a Diagnostic of the protocol.
Its path is relative to ROOT."
  (let* ((lsp (cofferdam--lsp-of diagnostic))
         (code (plist-get lsp :code))
         (page (plist-get (plist-get lsp :codeDescription) :href))
         (related (delq nil (mapcar (lambda (one) (cofferdam--wire-related one root))
                                    (plist-get lsp :relatedInformation))))
         (tags (cofferdam--wire-tags lsp))
         (severity (pcase (flymake-diagnostic-type diagnostic)
                     ((or :error 'eglot-error) "error")
                     ((or :warning 'eglot-warning) "warning")
                     (_ "information"))))
    `( :tool ,(or (plist-get lsp :source)
                  (format "%s" (or (flymake-diagnostic-backend diagnostic) "flymake")))
       :severity ,severity
       ,@(and code (list :code (format "%s" code)))
       ,@(and (stringp page) (list :codeURL page))
       :message ,(or (plist-get lsp :message)
                     (substring-no-properties (flymake-diagnostic-text diagnostic)))
       :path ,(cofferdam--relative buffer-file-name root)
       :range ,(cofferdam--text-range (flymake-diagnostic-beg diagnostic)
                                      (flymake-diagnostic-end diagnostic))
       ,@(and related (list :related (vconcat related)))
       ,@(and tags (list :tags (vconcat tags)))
       ;; Of an earlier session's diagnostic it tells that it is the same one.
       :fingerprint ,(or (plist-get (plist-get lsp :data) :fingerprint) ""))))

(declare-function flycheck-overlay-errors-in "flycheck")
(declare-function flycheck-error-region-for-mode "flycheck")
(declare-function flycheck-error-checker "flycheck")
(declare-function flycheck-error-level "flycheck")
(declare-function flycheck-error-id "flycheck")
(declare-function flycheck-error-message "flycheck")

(defun cofferdam--wire-flycheck (problem root)
  "Return PROBLEM, a `flycheck-error' here, as a Diagnostic of the protocol.
Its path is relative to ROOT."
  (let ((region (flycheck-error-region-for-mode problem 'symbols))
        (code (flycheck-error-id problem)))
    `( :tool ,(format "%s" (or (flycheck-error-checker problem) "flycheck"))
       :severity ,(pcase (flycheck-error-level problem)
                    ('error "error") ('warning "warning") (_ "information"))
       ,@(and code (list :code (format "%s" code)))
       :message ,(or (flycheck-error-message problem) "")
       :path ,(cofferdam--relative buffer-file-name root)
       ,@(and region
              (list :range (cofferdam--text-range (car region) (cdr region))))
       :fingerprint "")))

(defun cofferdam--diagnostics-in (beg end root)
  "Return the diagnostics from BEG to END for the protocol.
Paths are relative to ROOT.  All of Flymake's and Flycheck's count, but
not what says nothing of the text that is there now."
  (append
   (when (bound-and-true-p flymake-mode)
     (cl-loop for diagnostic in (flymake-diagnostics beg end)
              unless (cofferdam--stale-p (cofferdam--lsp-of diagnostic))
              collect (cofferdam--wire-diagnostic diagnostic root)))
   (when (bound-and-true-p flycheck-mode)
     (mapcar (lambda (problem) (cofferdam--wire-flycheck problem root))
             (flycheck-overlay-errors-in beg end)))))

(provide 'cofferdam-diagnostics)
;;; cofferdam-diagnostics.el ends here
