;;; cofferdam-review.el --- Looking at results, applying and undoing them  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; The changes of a session in a buffer of `diff-mode', from which
;; hunks and files are applied.  Applying by hunk is the language
;; server's, not `diff-apply-hunk': the text comes from the session's
;; files, is merged with what was changed here, and can be undone also
;; after Emacs has been started again.

;;; Code:

(require 'diff-mode)
(require 'cofferdam-core)
(require 'cofferdam-client)
(require 'cofferdam-edit)
(require 'cofferdam-session)

(defvar cofferdam-applied-functions nil
  "Functions called with a session and the result of applying it.
The result is a plist with `:applied' and `:conflicts', as in the protocol.")

(defvar cofferdam-undone-functions nil
  "Functions called with the result of undoing an apply.
The result is a plist with `:sessionId', `:undone', `:conflicts' and
`:left', as in the protocol.")

;;; Applying

(defun cofferdam--conflict-words (conflicts)
  "Return CONFLICTS, a list of the protocol's, as text."
  (mapconcat (lambda (conflict)
               (format "%s (%s)"
                       (cofferdam--one-line (plist-get conflict :path) 80)
                       (cofferdam--one-line (plist-get conflict :reason) 120)))
             conflicts ", "))

(defun cofferdam--report-done (verb paths conflicts)
  "Tell that PATHS were dealt with, in the word VERB, and what CONFLICTS there are."
  (message "Cofferdam: %s %s%s" verb (cofferdam--plural (length paths) "file")
           (if conflicts
               (concat "; conflicts: " (cofferdam--conflict-words conflicts))
             "")))

(defun cofferdam--request-apply (session paths hunks)
  "Apply PATHS and HUNKS of SESSION; without either, everything.
HUNKS is an alist of paths and lists of ids."
  (cofferdam--request
   (cofferdam--session-connection session) 'agent/apply
   `( :sessionId ,(cofferdam-session-id session)
      ,@(and paths (list :paths (vconcat paths)))
      ,@(and hunks
             (list :hunks
                   (vconcat (mapcar (pcase-lambda (`(,path . ,ids))
                                      (list :path path :ids (vconcat ids)))
                                    hunks)))))
   :on-success (lambda (result)
                 (cofferdam--applied session result paths hunks))))

(defun cofferdam--applied (session result &optional paths hunks)
  "Report RESULT of agent/apply for SESSION.
PATHS and HUNKS are what was asked for; without either it was everything."
  (let ((applied (append (plist-get result :applied) nil))
        (conflicts (append (plist-get result :conflicts) nil)))
    (setf (cofferdam-session-applied session)
          (and applied (not conflicts) (not paths) (not hunks)))
    (when applied
      (push (mapcar (lambda (path)
                      (cons path (or (and (not (member path paths))
                                          (cdr (assoc path hunks)))
                                     t)))
                    applied)
            (cofferdam-session-applies session)))
    (cofferdam--after-applied session applied)
    (cofferdam--report-done "applied" applied conflicts)
    (cofferdam--mark-reviews session)
    (run-hook-with-args 'cofferdam-applied-functions session result)))

;;;###autoload
(defun cofferdam-apply (&optional paths)
  "Write the result of a session into the working tree and its buffers.
A file that was changed since the session began is merged.  Lines that
both changed stand between conflict markers (see `smerge-mode'), and the
file is reported.  With a prefix argument, choose the files; from Lisp, PATHS
names them relative to the project's root.  \\[cofferdam-undo] takes it back."
  (interactive (list (and current-prefix-arg 'ask)))
  (let ((session (cofferdam--read-session
                  "Apply" (lambda (session)
                            (or (cofferdam-session-changed session)
                                (not (cofferdam--running-p session)))))))
    (cofferdam--request-apply
     session
     (if (eq paths 'ask)
         (or (completing-read-multiple
              "Files (separated by commas): "
              (cofferdam-session-changed session) nil t)
             (user-error "No file chosen"))
       paths)
     nil)))

;;;###autoload
(defun cofferdam-undo ()
  "Take the newest apply back; again for the one before.
In a review or a transcript it is that of its session, else of whichever
session was applied last in this project, by whatever editor or by the
command line.  What you changed since is kept."
  (interactive)
  (let* ((session cofferdam--session)
         (root (if session (cofferdam-session-root session) (cofferdam--root)))
         (conn (cofferdam--wait-connection root)))
    (cofferdam--request
     conn 'agent/undo
     `( :workspaceFolder ,(directory-file-name root)
        ,@(and session (list :sessionId (cofferdam-session-id session))))
     :on-success (lambda (result) (cofferdam--undone root result)))))

(defun cofferdam--undone (root result)
  "Report RESULT of agent/undo in the project ROOT."
  (let ((undone (append (plist-get result :undone) nil))
        (conflicts (append (plist-get result :conflicts) nil))
        (session (gethash (plist-get result :sessionId) cofferdam--sessions)))
    (cofferdam--report-done "undone" undone conflicts)
    (when-let ((kept (cofferdam--reload undone root)))
      (message "Cofferdam: unsaved changes kept, but the files are as before: %s"
               (string-join kept ", ")))
    (when session
      (setf (cofferdam-session-applied session) nil)
      (pop (cofferdam-session-applies session))
      (cofferdam--mark-reviews session))
    (run-hook-with-args 'cofferdam-undone-functions result)))

;;; The review

(defvar-local cofferdam--review-on nil
  "Non-nil in a review: its keys come before those of `diff-mode'.")

(defvar cofferdam-review-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map "a" #'cofferdam-review-apply)
    (define-key map "A" #'cofferdam-review-apply-file)
    (define-key map (kbd "C-c C-c") #'cofferdam-apply)
    (define-key map "u" #'cofferdam-undo)
    (define-key map "g" #'cofferdam-review-again)
    (define-key map "q" #'quit-window)
    (define-key map [remap diff-apply-hunk] #'cofferdam-review-apply)
    map)
  "Keymap of `cofferdam-review-mode', before those of `diff-mode'.")

(define-derived-mode cofferdam-review-mode diff-mode "Review"
  "Major mode to look at the changes of a session.
\\<cofferdam-review-mode-map>\\[cofferdam-review-apply] applies the hunk at point or those in the region,
\\[cofferdam-review-apply-file] the file, \\[cofferdam-apply] everything;
\\[cofferdam-undo] takes the newest apply back.
The other keys are those of `diff-mode': n and p go from hunk to hunk, N
and P from file to file, RET visits."
  (setq buffer-read-only t
        cofferdam--review-on t)
  ;; In a read-only buffer `diff-mode' overrides the major mode's keys.
  (setq-local minor-mode-overriding-map-alist
              (cons (cons 'cofferdam--review-on cofferdam-review-mode-map)
                    minor-mode-overriding-map-alist))
  (setq header-line-format
        (substitute-command-keys
         (concat " \\<cofferdam-review-mode-map>\\[cofferdam-review-apply] hunk  "
                 "\\[cofferdam-review-apply-file] file  \\[cofferdam-apply] all  "
                 "\\[cofferdam-undo] undo  n/p move  RET visit  "
                 "\\[cofferdam-review-again] again"))))

;;;###autoload
(defun cofferdam-diff ()
  "Show what a session has changed, for review.
\\<cofferdam-review-mode-map>\\[cofferdam-review-apply] there applies a single hunk."
  (interactive)
  (let ((session (cofferdam--read-session "Diff of")))
    (cofferdam--request (cofferdam--session-connection session) 'agent/diff
                        (list :sessionId (cofferdam-session-id session))
                        :on-success (lambda (result)
                                      (cofferdam--show-diff session result)))))

(defun cofferdam-review-again ()
  "Show what the session has changed by now."
  (interactive)
  (cofferdam-diff))

(defun cofferdam--insert-summary (file)
  "Insert a line about FILE, a FileDifference."
  (let ((notes (delq nil (list (and (eq (plist-get file :binary) t) "binary")
                               (and (eq (plist-get file :sensitive) t)
                                    "runs elsewhere once applied: look twice")))))
    (insert (propertize
             (format "%-9s%s%s\n" (plist-get file :change)
                     (cofferdam--one-line (plist-get file :path))
                     (if notes (format "  (%s)" (string-join notes "; ")) ""))
             'cofferdam-file file))))

(defun cofferdam--insert-patch (file)
  "Insert the patch of FILE, a FileDifference.
Its text has the property `cofferdam-file', and that of each hunk
`cofferdam-hunk', the hunk's id.  A carriage return of a line's end is
left out; what would look like something else is displayed by name."
  (let ((beg (point))
        (hunks (append (plist-get file :hunks) nil))
        (modified (equal (plist-get file :change) "modified"))
        (starts nil))
    (insert (string-replace "\r\n" "\n" (or (plist-get file :patch) "")))
    (unless (bolp) (insert "\n"))
    (put-text-property beg (point) 'cofferdam-file file)
    (save-excursion
      (goto-char beg)
      (while (re-search-forward cofferdam--control-regexp nil t)
        (put-text-property (match-beginning 0) (match-end 0) 'display
                           (cofferdam--visible-control (match-string 0))))
      (goto-char beg)
      (while (re-search-forward "^@@" nil t)
        (push (match-beginning 0) starts))
      (when (and modified (= (length starts) (length hunks)))
        (let ((end (point-max)))
          (dolist (hunk (reverse hunks))
            (put-text-property (car starts) end 'cofferdam-hunk (plist-get hunk :id))
            (setq end (pop starts)))
          (goto-char beg)
          (while (re-search-forward "^\\(?:old\\|new\\) mode .*\n" end t)
            (put-text-property (match-beginning 0) (match-end 0)
                               'cofferdam-hunk "mode")))))))

(defun cofferdam--show-diff (session result)
  "Show RESULT of agent/diff for SESSION."
  (let ((files (append (plist-get result :files) nil))
        (buffer (get-buffer-create
                 (format "*cofferdam diff: %s*" (cofferdam--session-label session)))))
    (if (not files)
        (message "Cofferdam: nothing is changed")
      (with-current-buffer buffer
        (let ((inhibit-read-only t)
              (line (and (derived-mode-p 'cofferdam-review-mode) (line-number-at-pos))))
          (remove-overlays)
          (erase-buffer)
          (mapc #'cofferdam--insert-summary files)
          (insert "\n")
          (mapc #'cofferdam--insert-patch files)
          (goto-char (point-min))
          (when line (forward-line (1- line)))
          (set-buffer-modified-p nil))
        (cofferdam-review-mode)
        (setq default-directory (cofferdam-session-root session)
              cofferdam--session session)
        (cofferdam--mark-review))
      (pop-to-buffer buffer))))

(defun cofferdam--applied-part (session path)
  "Return what of PATH this Emacs has applied from SESSION.
It is t for all of it, else a list of ids."
  (let ((parts (mapcar (lambda (operation) (cdr (assoc path operation)))
                       (cofferdam-session-applies session))))
    (or (memq t parts) (apply #'append parts))))

(defun cofferdam--mark-review ()
  "Mark in this review what was applied."
  (remove-overlays (point-min) (point-max) 'cofferdam-applied t)
  (save-excursion
    (goto-char (point-min))
    (while (not (eobp))
      (let* ((file (get-text-property (point) 'cofferdam-file))
             (hunk (get-text-property (point) 'cofferdam-hunk))
             (part (and file (cofferdam--applied-part cofferdam--session
                                                      (plist-get file :path))))
             (next (next-property-change (point) nil (point-max))))
        (when (and part
                   (or (memq t part) (member hunk part))
                   (looking-at-p "@@\\|old mode\\|diff --git"))
          (let ((overlay (make-overlay (line-beginning-position) (line-end-position))))
            (overlay-put overlay 'cofferdam-applied t)
            (overlay-put overlay 'after-string
                         (propertize "  ✓ applied" 'face 'success))))
        (goto-char next)
        (unless (bolp) (forward-line 1))))))

(defun cofferdam--mark-reviews (session)
  "Mark in the reviews of SESSION what was applied."
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when (and (derived-mode-p 'cofferdam-review-mode)
                 (eq cofferdam--session session))
        (cofferdam--mark-review)))))

(defun cofferdam--review-parts (beg end)
  "Return (PATHS . HUNKS) that the lines from BEG to END are of.
Without a region, a place before a file's first hunk means the file."
  (let ((paths nil) (hunks nil) (single (= beg end)))
    (save-excursion
      (goto-char beg)
      (beginning-of-line)
      (let ((first t))
        (while (and (or first (< (point) end)) (not (eobp)))
          (setq first nil)
          (let* ((file (get-text-property (point) 'cofferdam-file))
                 (hunk (get-text-property (point) 'cofferdam-hunk))
                 (path (plist-get file :path)))
            (cond ((not file))
                  (hunk (cl-pushnew hunk (alist-get path hunks nil nil #'equal)
                                    :test #'equal))
                  ((or single (not (and (equal (plist-get file :change) "modified")
                                        (plist-get file :hunks))))
                   (cl-pushnew path paths :test #'equal))))
          (forward-line 1))))
    (cons (nreverse paths)
          (nreverse (mapcar (pcase-lambda (`(,path . ,ids)) (cons path (nreverse ids)))
                            hunks)))))

(defun cofferdam-review-apply (&optional beg end)
  "Apply the hunk at point, or the hunks in the region from BEG to END.
On the lines before a file's first hunk, and for a file that has none,
apply the file."
  (interactive (if (use-region-p)
                   (list (region-beginning) (region-end))
                 (list (point) (point))))
  (pcase-let ((`(,paths . ,hunks)
               (cofferdam--review-parts (or beg (point)) (or end beg (point)))))
    (unless (or paths hunks) (user-error "There is no change here"))
    (cofferdam--request-apply cofferdam--session paths hunks)))

(defun cofferdam-review-apply-file ()
  "Apply the file at point as a whole."
  (interactive)
  (let ((file (or (get-text-property (point) 'cofferdam-file)
                  (user-error "There is no file here"))))
    (cofferdam--request-apply cofferdam--session (list (plist-get file :path)) nil)))

(provide 'cofferdam-review)
;;; cofferdam-review.el ends here
