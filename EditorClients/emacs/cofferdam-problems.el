;;; cofferdam-problems.el --- All that a session has found, in one list  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; `cofferdam-diagnostics' lists the findings of the gate and all
;; diagnostics of a session, those of files without a buffer too, as
;; `compilation-mode' does: \\[next-error] goes through them.  The list
;; follows the session.

;;; Code:

(require 'cofferdam-session)
(require 'cofferdam-diagnostics)
(require 'compile)

(defconst cofferdam--problems-limit 2000
  "Entries of a list; a longer one helps nobody.")
(defconst cofferdam--problems-delay 0.2
  "Seconds from a change to its being listed, at least.")

(defvar cofferdam--problems-took 0
  "Seconds that filling the lists took the last time.")

(defvar cofferdam--problems-timer nil
  "Timer that will fill the lists again.")

(defconst cofferdam--problems-regexp
  `(,(concat "^\\(.+?\\):\\([0-9]+\\):\\([0-9]+\\): "
             "\\(?:\\(warning\\)\\|\\(note\\|information\\|hint\\|stale\\)\\|error\\): ")
    1 2 3 (4 . 5))
  "How an entry of the list names its place.")

(defvar cofferdam-diagnostics-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map "g" #'cofferdam-diagnostics-refresh)
    (define-key map "t" 'cofferdam-transcript)
    (define-key map "d" 'cofferdam-diff)
    map)
  "Keymap of `cofferdam-diagnostics-mode'.")

(define-derived-mode cofferdam-diagnostics-mode compilation-mode "Diagnostics"
  "Major mode of the list of what a session has found.

\\{cofferdam-diagnostics-mode-map}"
  :group 'cofferdam
  (setq-local compilation-error-regexp-alist (list cofferdam--problems-regexp)
              ;; Columns are counted in characters.
              compilation-error-screen-columns nil
              truncate-lines t))

;;; Entries

(defun cofferdam--problem-severity (diagnostic)
  "Return the word for the severity of DIAGNOSTIC, an LSP diagnostic."
  (pcase (plist-get diagnostic :severity)
    (2 "warning") (3 "information") (4 "hint") (_ "error")))

(defun cofferdam--problem-line (place severity text)
  "Return an entry for TEXT of SEVERITY at PLACE, a string or nil."
  (concat (and place (concat place ": "))
          ;; The message says it already.
          (unless (string-prefix-p "stale: " text) (concat severity ": "))
          text "\n"))

(defun cofferdam--problem-place (path root line column)
  "Return the name of COLUMN in LINE of PATH, as seen from ROOT."
  (format "%s:%d:%d" (cofferdam--one-line (file-relative-name path root) 500)
          line column))

(defun cofferdam--finding-entries (session)
  "Return entries for what the gate found in SESSION."
  (mapcar (lambda (finding)
            (let ((path (or (plist-get finding :path) "")))
              (cofferdam--problem-line
               (unless (string-empty-p path)
                 (format "%s:%s:1" (cofferdam--one-line path 500)
                         (or (plist-get finding :line) 1)))
               "error"
               (format "not verified: %s [%s]"
                       (cofferdam--one-line (plist-get finding :message) 500)
                       (cofferdam--one-line (plist-get finding :rule) 60)))))
          (cofferdam-session-findings session)))

(defun cofferdam--placeless-entries (session)
  "Return entries for the diagnostics of SESSION that are of no file."
  (cl-loop for (_ . found) in (cofferdam-session-checks session)
           nconc (cl-loop for diagnostic in (plist-get found :placeless)
                          collect (cofferdam--problem-line
                                   nil (cofferdam--one-line (plist-get diagnostic :severity) 20)
                                   (format "%s [%s]"
                                           (cofferdam--one-line
                                            (plist-get diagnostic :message) 1000)
                                           (cofferdam--one-line
                                            (plist-get diagnostic :tool) 40))))))

(defun cofferdam--problem-of-p (diagnostic session)
  "Return non-nil if DIAGNOSTIC, an LSP diagnostic, is one of SESSION.
Equal ones of several sessions are published once."
  (let* ((data (plist-get diagnostic :data))
         (owner (plist-get data :sessionId)))
    (or (null owner)
        (equal owner (cofferdam-session-id session))
        (cl-loop for (_ . found) in (cofferdam-session-checks session)
                 thereis (member (plist-get data :fingerprint)
                                 (plist-get found :fingerprints))))))

(defun cofferdam--shown-at (path)
  "Return an alist of LSP diagnostics of PATH and their (LINE . COLUMN) now.
Lines and columns count from 1."
  (let ((buffer (cofferdam--buffer-of path)))
    (if (and buffer (buffer-local-value 'cofferdam-mode buffer))
        (with-current-buffer buffer
          (mapcar (lambda (entry)
                    (cons (nth 4 entry) (cofferdam--line-and-column (car entry))))
                  cofferdam--diagnostics))
      (mapcar (lambda (diagnostic)
                (let ((start (plist-get (plist-get diagnostic :range) :start)))
                  (cons diagnostic
                        (cons (1+ (or (plist-get start :line) 0))
                              (1+ (or (plist-get start :character) 0))))))
              (cdr (gethash path cofferdam--published))))))

(defun cofferdam--line-and-column (position)
  "Return (LINE . COLUMN) of POSITION in this buffer, both from 1."
  (save-excursion
    (save-restriction
      (widen)
      (goto-char position)
      (cons (line-number-at-pos nil t) (1+ (- (point) (line-beginning-position)))))))

(defun cofferdam--note-entries (diagnostic root)
  "Return entries for the places that explain DIAGNOSTIC in the project ROOT."
  (cl-loop for related in (seq-take (append (plist-get diagnostic :relatedInformation) nil) 10)
           for location = (plist-get related :location)
           for start = (plist-get (plist-get location :range) :start)
           for path = (ignore-errors (cofferdam--uri-to-path (plist-get location :uri)))
           when path
           collect (cofferdam--problem-line
                    (cofferdam--problem-place path root
                                              (1+ (or (plist-get start :line) 0))
                                              (1+ (or (plist-get start :character) 0)))
                    "note" (cofferdam--one-line (plist-get related :message) 500))))

(defun cofferdam--published-entries (session)
  "Return entries for the published diagnostics of SESSION, the worst first."
  ;; The paths of what was published are true names.
  (let ((root (file-name-as-directory (file-truename (cofferdam-session-root session))))
        (all nil))
    (maphash (lambda (path published)
               (when (and (eq (car published) (cofferdam-session-conn session))
                          (string-prefix-p root path))
                 (pcase-dolist (`(,diagnostic ,line . ,column) (cofferdam--shown-at path))
                   (when (cofferdam--problem-of-p diagnostic session)
                     (push (list (or (plist-get diagnostic :severity) 1)
                                 path line column diagnostic)
                           all)))))
             cofferdam--published)
    (mapcan (pcase-lambda (`(,_ ,path ,line ,column ,diagnostic))
              (cons (cofferdam--problem-line
                     (cofferdam--problem-place path root line column)
                     (cofferdam--problem-severity diagnostic)
                     (cofferdam--diagnostic-message diagnostic))
                    (cofferdam--note-entries diagnostic root)))
            (sort all #'cofferdam--problem-before-p))))

(defun cofferdam--problem-before-p (a b)
  "Return non-nil if A is listed before B: by severity, path and line."
  (cond ((/= (nth 0 a) (nth 0 b)) (< (nth 0 a) (nth 0 b)))
        ((not (equal (nth 1 a) (nth 1 b))) (string< (nth 1 a) (nth 1 b)))
        ((/= (nth 2 a) (nth 2 b)) (< (nth 2 a) (nth 2 b)))
        (t (< (nth 3 a) (nth 3 b)))))

(defun cofferdam--problems (session)
  "Return the entries of the list of SESSION."
  (seq-take (append (cofferdam--finding-entries session)
                    (cofferdam--placeless-entries session)
                    (cofferdam--published-entries session))
            cofferdam--problems-limit))

;;; The buffer

(defun cofferdam--line-at (position)
  "Return the line at POSITION with its end, or nil without POSITION."
  (when position
    (save-excursion
      (goto-char position)
      (buffer-substring-no-properties (line-beginning-position)
                                      (min (point-max) (1+ (line-end-position)))))))

(defun cofferdam--find-line (line)
  "Return where LINE, with its end, begins in this buffer, or nil."
  (save-excursion
    (goto-char (point-min))
    (and line (not (string-empty-p line)) (search-forward line nil t)
         (match-beginning 0))))

(defun cofferdam--problems-fill (session)
  "Fill this buffer with what SESSION has found."
  (let ((line (cofferdam--line-at (point)))
        (visited (cofferdam--line-at (bound-and-true-p compilation-current-error)))
        (inhibit-read-only t)
        (entries (cofferdam--problems session))
        (delta (cofferdam--session-delta session)))
    ;; Anew, so that nothing is left of the places that were parsed.
    (cofferdam-diagnostics-mode)
    (setq cofferdam--session session
          default-directory (cofferdam-session-root session)
          mode-line-process nil)
    (erase-buffer)
    ;; `next-error' begins below the first line.
    (insert (propertize (format "%s%s" (cofferdam--session-label session)
                                (if delta (concat ", " (cofferdam--delta-text delta)) ""))
                        'font-lock-face 'cofferdam-meta)
            "\n\n")
    (apply #'insert entries)
    (unless entries (insert "No diagnostics.\n"))
    ;; `next-error' goes on from where it was.
    (when-let ((place (cofferdam--find-line visited)))
      (setq compilation-current-error (copy-marker place)))
    (goto-char (or (cofferdam--find-line line) (point-min)))
    (set-buffer-modified-p nil)))

(defun cofferdam-diagnostics-refresh ()
  "Fill this list again."
  (interactive)
  (unless (and cofferdam--session (derived-mode-p 'cofferdam-diagnostics-mode))
    (user-error "This is no list of diagnostics"))
  (cofferdam--problems-fill cofferdam--session)
  (dolist (window (get-buffer-window-list nil nil t))
    (set-window-point window (point))))

(defun cofferdam--problems-refresh ()
  "Fill all lists again."
  (setq cofferdam--problems-timer nil)
  (let ((start (float-time)))
    (dolist (buffer (buffer-list))
      (with-current-buffer buffer
        (when (and cofferdam--session (derived-mode-p 'cofferdam-diagnostics-mode))
          (cofferdam-diagnostics-refresh))))
    (setq cofferdam--problems-took (- (float-time) start))))

(defun cofferdam--problems-changed (&rest _)
  "Fill all lists again soon; long ones take a small part of the time only."
  (unless cofferdam--problems-timer
    (setq cofferdam--problems-timer
          (run-with-timer (max cofferdam--problems-delay (* 10 cofferdam--problems-took)) nil
                          #'cofferdam--problems-refresh))))

(defun cofferdam--problems-event (_session event)
  "Fill the lists again if EVENT has news for them."
  (when (member (plist-get event :type) '("diagnosticsUpdated" "turnStarted" "turnCompleted"))
    (cofferdam--problems-changed)))

(add-hook 'cofferdam--published-functions #'cofferdam--problems-changed)
(setq cofferdam--event-handlers
      (append cofferdam--event-handlers (list #'cofferdam--problems-event)))

;;;###autoload
(defun cofferdam-diagnostics ()
  "List all that a session has found, in files without a buffer too.
First comes what its gate found, then diagnostics, the worst first.
\\[next-error] goes through them, and the list follows the session."
  (interactive)
  (let* ((session (cofferdam--read-session "Diagnostics of"))
         (buffer (get-buffer-create
                  (format "*cofferdam diagnostics: %s*" (cofferdam--session-label session)))))
    (with-current-buffer buffer (cofferdam--problems-fill session))
    (setq next-error-last-buffer buffer)
    (pop-to-buffer buffer)))

(provide 'cofferdam-problems)
;;; cofferdam-problems.el ends here
