;;; cofferdam-edit.el --- Results into buffers and files  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; `workspace/applyEdit'.  The whole edit is checked before anything is
;; changed.  A buffer's part is one undo step and keeps point.  The
;; request is answered inside a process filter, so nothing here may ask:
;; what Emacs would ask about (a locked file, a file that has changed
;; on disk) makes the edit fail with the reason.

;;; Code:

(require 'cofferdam-client)
(require 'cofferdam-documents)

(defcustom cofferdam-save-applied 'unmodified
  "Which files are saved when a result is written into their buffers.
With `unmodified', those that had no unsaved changes before, so that
after applying, builds see the result; undo works as ever.
With `unvisited', only those that no buffer visited.  With nil, none."
  :type '(choice (const unmodified) (const unvisited) (const :tag "None" nil))
  :group 'cofferdam
  :package-version '(cofferdam . "0.1.0"))

(defmacro cofferdam--without-questions (&rest body)
  "Evaluate BODY; what would ask the user signals an error instead."
  (declare (indent 0) (debug t))
  `(let ((create-lockfiles nil)
         (enable-local-variables :safe)
         (enable-local-eval nil)
         (large-file-warning-threshold nil)
         (vc-follow-symlinks t)
         (find-file-suppress-same-file-warnings t))
     (cl-letf (((symbol-function 'ask-user-about-supersession-threat)
                (lambda (file) (error "%s has changed on disk" file)))
               ((symbol-function 'y-or-n-p)
                (lambda (prompt) (error "Emacs would ask: %s" prompt)))
               ((symbol-function 'yes-or-no-p)
                (lambda (prompt) (error "Emacs would ask: %s" prompt))))
       ,@body)))

(defun cofferdam--edit-path (uri root)
  "Return the path of URI if an edit may touch it, else signal an error.
It must lie in ROOT, outside the repository's own .git."
  (let* ((path (cofferdam--uri-to-path uri))
         (true (cofferdam--inside-p path root)))
    (unless true (error "%s lies outside the project" path))
    (when (let ((case-fold-search t))
            (string-match-p "\\(?:\\`\\|/\\)\\.git\\(?:/\\|\\'\\)"
                            (cofferdam--relative true root)))
      (error "%s belongs to git itself" path))
    true))

(defun cofferdam--edit-operations (edit root)
  "Return the operations of EDIT, a WorkspaceEdit, with paths inside ROOT.
An operation is a plist with `:kind' and `:path'."
  (if-let ((changes (plist-get edit :documentChanges)))
      (mapcar (lambda (change)
                (pcase (plist-get change :kind)
                  ('nil (let ((document (plist-get change :textDocument)))
                          (list :kind 'edit
                                :path (cofferdam--edit-path (plist-get document :uri) root)
                                :version (plist-get document :version)
                                :edits (append (plist-get change :edits) nil))))
                  ("rename" (list :kind 'rename
                                  :path (cofferdam--edit-path (plist-get change :oldUri) root)
                                  :new (cofferdam--edit-path (plist-get change :newUri) root)
                                  :options (plist-get change :options)))
                  ((and kind (or "create" "delete"))
                   (list :kind (intern kind)
                         :path (cofferdam--edit-path (plist-get change :uri) root)
                         :options (plist-get change :options)))
                  (kind (error "Unknown operation %s" kind))))
              changes)
    (cl-loop for (uri edits) on (plist-get edit :changes) by #'cddr
             collect (list :kind 'edit
                           :path (cofferdam--edit-path
                                  (substring (symbol-name uri) 1) root)
                           :edits (append edits nil)))))

(defun cofferdam--check-operations (operations)
  "Signal an error if one of OPERATIONS cannot be done."
  (let ((coming nil))                   ; files that earlier operations make
    (dolist (operation operations)
      (let* ((path (plist-get operation :path))
             (options (plist-get operation :options))
             (overwrite (eq (plist-get options :overwrite) t))
             (buffer (cofferdam--buffer-of path)))
        (pcase (plist-get operation :kind)
          ('edit
           (let ((version (plist-get operation :version)))
             (cond
              ((not buffer)
               (when (and (not (member path coming)) (file-exists-p path)
                          (not (file-writable-p path)))
                 (error "%s is read-only" path)))
              ((buffer-local-value 'buffer-read-only buffer)
               (error "%s is read-only" (buffer-name buffer)))
              ((and version (buffer-local-value 'cofferdam--doc-conn buffer)
                    (or (buffer-local-value 'cofferdam--doc-dirty buffer)
                        (/= version (buffer-local-value 'cofferdam--doc-version buffer))))
               (error "%s has changed meanwhile" (buffer-name buffer)))
              ((and (file-exists-p path) (not (verify-visited-file-modtime buffer)))
               (error "%s has changed on disk" path)))))
          ('create
           (when (and (file-exists-p path) (not overwrite)
                      (not (eq (plist-get options :ignoreIfExists) t)))
             (error "%s exists already" path))
           (push path coming))
          ('rename
           (unless (or (file-exists-p path) (member path coming))
             (error "%s does not exist" path))
           (when (and (file-exists-p (plist-get operation :new)) (not overwrite))
             (error "%s exists already" (plist-get operation :new)))
           (push (plist-get operation :new) coming))
          ('delete
           (unless (or (file-exists-p path) (member path coming)
                       (eq (plist-get options :ignoreIfNotExists) t))
             (error "%s does not exist" path))
           (when (and buffer (buffer-modified-p buffer))
             (error "%s has unsaved changes" (buffer-name buffer)))))))))

(defun cofferdam--apply-text-edits (edits encoding)
  "Apply EDITS, LSP text edits with positions in ENCODING, to this buffer.
All are one undo step; point and markers stay where they can."
  (save-restriction
    (widen)
    (let ((places (cofferdam--edit-places edits encoding))
          (group (progn (undo-boundary) (prepare-change-group))))
      (save-excursion
        (pcase-dolist (`(,beg ,end ,text) places)
          (cofferdam--replace-region beg end text)))
      (undo-amalgamate-change-group group)
      (undo-boundary))))

(defun cofferdam--edit-places (edits encoding)
  "Return EDITS with positions in ENCODING as list of (BEG END TEXT).
The last place comes first, so that changes do not move what is to come;
insertions at the same place keep their order."
  (let ((places
         (mapcar (lambda (edit)
                   (let ((range (plist-get edit :range))
                         (text (plist-get edit :newText)))
                     (list (cofferdam--from-lsp-position (plist-get range :start) encoding)
                           (cofferdam--from-lsp-position (plist-get range :end) encoding)
                           (if (cofferdam--crlf-p) (string-replace "\r\n" "\n" text) text))))
                 edits)))
    (setq places (sort (reverse places) (lambda (a b) (> (car a) (car b)))))
    (cl-loop for ((beg) (_ end)) on places
             when (and end (> end beg)) do (error "Overlapping edits"))
    places))

(defun cofferdam--replace-region (beg end text)
  "Replace the text from BEG to END with TEXT, touching only what differs."
  (let ((target (current-buffer)))
    (with-temp-buffer
      (insert text)
      (let ((source (current-buffer)))
        (with-current-buffer target
          (save-restriction
            (narrow-to-region beg end)
            ;; Half a second for a small difference; then plainly replace.
            (replace-buffer-contents source 0.5)))))))

(defun cofferdam--run-edit (operation encoding)
  "Do OPERATION, of kind `edit', with positions in ENCODING."
  (let* ((path (plist-get operation :path))
         (visited (cofferdam--buffer-of path))
         (buffer (or visited (find-file-noselect path t))))
    (with-current-buffer buffer
      (let ((save (pcase cofferdam-save-applied
                    ('unmodified (not (buffer-modified-p)))
                    ('unvisited (not visited)))))
        (cofferdam--apply-text-edits (plist-get operation :edits) encoding)
        (when save
          ;; The user's hooks reformat; a result is kept as it was checked.
          (let ((before-save-hook nil)
                (require-final-newline nil)
                (mode-require-final-newline nil)
                (save-silently t))
            (make-directory (file-name-directory path) t)
            ;; An edit that cannot be saved is still an edit.
            (with-demoted-errors "Cofferdam: %S" (save-buffer))))))))

(defun cofferdam--run-operation (operation encoding)
  "Do OPERATION; positions are in ENCODING."
  (let ((path (plist-get operation :path)))
    (pcase (plist-get operation :kind)
      ('edit (cofferdam--run-edit operation encoding))
      ('create
       (unless (and (file-exists-p path)
                    (eq (plist-get (plist-get operation :options) :ignoreIfExists) t))
         (make-directory (file-name-directory path) t)
         (write-region "" nil path nil 'silent)
         (when-let ((buffer (cofferdam--buffer-of path)))
           (with-current-buffer buffer (revert-buffer t t t)))))
      ('rename
       (let ((new (plist-get operation :new))
             (buffer (cofferdam--buffer-of path)))
         (make-directory (file-name-directory new) t)
         (rename-file path new t)
         (when buffer
           (with-current-buffer buffer (set-visited-file-name new t t)))))
      ('delete
       (when (file-exists-p path)
         (if (file-directory-p path)
             (error "%s is a directory" path)
           (delete-file path t)))
       (when-let ((buffer (cofferdam--buffer-of path)))
         (kill-buffer buffer))))))

(defun cofferdam--apply-edit (conn edit)
  "Apply EDIT, a WorkspaceEdit of CONN; signal an error if that fails."
  (let* ((root (cofferdam--conn-root conn))
         (operations (cofferdam--edit-operations edit root)))
    (cofferdam--check-operations operations)
    (cofferdam--without-questions
      (dolist (operation operations)
        (cofferdam--run-operation operation (cofferdam--conn-encoding conn))))
    ;; The next message that the server reads finds the new texts.
    (cofferdam--flush-documents conn)))

(defun cofferdam--handle-apply-edit (conn params)
  "Handle `workspace/applyEdit' with PARAMS from CONN."
  (condition-case err
      (progn
        (cofferdam--apply-edit conn (plist-get params :edit))
        '(:applied t))
    (error (list :applied :json-false
                 :failureReason (cofferdam--one-line (error-message-string err) 500)))))

(cofferdam--on-request 'workspace/applyEdit #'cofferdam--handle-apply-edit)

;;; Files that others wrote

(defun cofferdam--reload (paths root)
  "Revert buffers of PATHS, relative to ROOT, whose files have changed.
A buffer with unsaved changes stays as it is; return the names of these."
  (let ((kept nil))
    (dolist (path paths)
      (let ((buffer (cofferdam--buffer-of (expand-file-name path root))))
        (when (and buffer (not (verify-visited-file-modtime buffer)))
          (with-current-buffer buffer
            (cond
             ((buffer-modified-p) (push (buffer-name) kept))
             ((file-exists-p buffer-file-name)
              (cofferdam--without-questions
                (revert-buffer t t t))))))))
    (nreverse kept)))

(provide 'cofferdam-edit)
;;; cofferdam-edit.el ends here
