;;; e2e.el --- One real session, driven by a batch Emacs  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;;   emacs -Q --batch -L EditorClients/emacs -l Tests/EndToEnd/emacs/e2e.el
;;
;; with, in the environment: COFFERDAM, the program (default: cofferdam);
;; E2E_WORKSPACE, the folder; E2E_FILE, the file to open, relative to it;
;; E2E_PROMPT, the task; E2E_RESULT, where the result goes as JSON;
;; E2E_APPROVE=1 to approve what is asked (otherwise it is rejected);
;; E2E_SECONDS, how long to wait (default 300).  The exit status is 0 when
;; the turn ended and the result was asked to be applied, whatever the
;; outcome; the result file is written in any case.

;;; Code:

(require 'cofferdam)
(require 'json)

(defvar e2e-deadline (+ (float-time)
                        (string-to-number (or (getenv "E2E_SECONDS") "300"))))
(defvar e2e-seen nil "Diagnostics seen over time, newest first.")
(defvar e2e-approvals nil "Approvals seen, newest first.")
(defvar e2e-events nil "Types of the events, newest first.")
(defvar e2e-applied nil "What agent/apply answered.")
(defvar e2e-error nil "Why the run ended early, or nil.")

(defun e2e-environment (name)
  "Return the environment variable NAME, which must be set."
  (or (getenv name) (error "%s is not set" name)))

(defun e2e-wait (what condition)
  "Wait until the function CONDITION returns non-nil; WHAT is for the error."
  (let (value)
    (while (not (setq value (funcall condition)))
      (when (> (float-time) e2e-deadline)
        (error "No %s in time" what))
      (accept-process-output nil 0.05))
    value))

(defun e2e-diagnostic (diagnostic)
  "Return Flymake DIAGNOSTIC of the current buffer for the result file."
  (let ((beg (flymake-diagnostic-beg diagnostic)))
    `((file . ,(file-relative-name buffer-file-name default-directory))
      (line . ,(line-number-at-pos beg t))
      (column . ,(1+ (save-excursion (goto-char beg) (current-column))))
      (severity . ,(substring (symbol-name (flymake-diagnostic-type diagnostic)) 1))
      (source . ,(plist-get (flymake-diagnostic-data diagnostic) :source))
      (code . ,(plist-get (flymake-diagnostic-data diagnostic) :code))
      (text . ,(substring-no-properties (flymake-diagnostic-text diagnostic))))))

(defun e2e-published (path _diagnostics)
  "Record the diagnostics that Flymake has for PATH now."
  (let* ((buffer (get-file-buffer path))
         (shown (if buffer
                    (with-current-buffer buffer
                      (mapcar #'e2e-diagnostic (flymake-diagnostics)))
                  (mapcar (lambda (diagnostic)
                            `((file . ,path) (unopened . t)
                              (text . ,(flymake-diagnostic-text diagnostic))))
                          (cdr (assoc path flymake-list-only-diagnostics))))))
    (push `((at . ,(truncate (* 1000 (float-time))))
            (file . ,path)
            (diagnostics . ,(vconcat shown)))
          e2e-seen)))

(defun e2e-event (session event)
  "Note EVENT of SESSION and answer approvals."
  (push (plist-get event :type) e2e-events)
  (when (equal (plist-get event :type) "approvalRequested")
    (let ((approval (plist-get event :approval)))
      (push `((title . ,(plist-get approval :title))
              (command . ,(plist-get approval :command))
              (diff . ,(plist-get approval :diff)))
            e2e-approvals)
      (run-at-time 0 nil #'cofferdam--answer session approval
                   (if (equal (getenv "E2E_APPROVE") "1") "allowOnce" "reject")))))

(defun e2e-session ()
  "Return the session, once there is one."
  (car (cofferdam--all-sessions)))

(defun e2e-run (workspace file prompt)
  "Open FILE in WORKSPACE, let PROMPT be done, apply and save."
  (setq cofferdam-command (list (or (getenv "COFFERDAM") "cofferdam") "lsp")
        project-find-functions (list (lambda (_) (cons 'transient workspace))))
  (add-hook 'cofferdam-diagnostics-functions #'e2e-published)
  (add-hook 'cofferdam-event-functions #'e2e-event)
  (add-hook 'cofferdam-applied-functions
            (lambda (_ result) (setq e2e-applied result)))
  (switch-to-buffer (find-file-noselect (expand-file-name file workspace)))
  (cofferdam-start prompt)
  (e2e-wait "session" #'e2e-session)
  (e2e-wait "end of the turn"
            (lambda ()
              (or (and (cofferdam-session-outcome (e2e-session))
                       (not (cofferdam--running-p (e2e-session))))
                  (member (cofferdam-session-state (e2e-session)) '("failed" "stopped"))
                  (and (null (cofferdam--live-connections))
                       (error "The language server died")))))
  (when (cofferdam-session-changed (e2e-session))
    (switch-to-buffer (get-file-buffer (expand-file-name file workspace)))
    (cofferdam-apply)
    (e2e-wait "answer to agent/apply" (lambda () e2e-applied)))
  (save-some-buffers t)
  ;; The server sees the saved files, and clears its diagnostics.
  (dotimes (_ 10) (accept-process-output nil 0.05)))

(defun e2e-transcript ()
  "Return the text of the transcript."
  (let ((buffer (and (e2e-session) (cofferdam-session-buffer (e2e-session)))))
    (when (buffer-live-p buffer)
      (cofferdam--flush buffer)
      (with-current-buffer buffer
        (buffer-substring-no-properties (point-min) (point-max))))))

(defun e2e-messages ()
  "Return the lines of the message log that Cofferdam wrote."
  (with-current-buffer (messages-buffer)
    (vconcat (split-string (buffer-string) "\n" t))))

(defun e2e-write (path)
  "Write the result as JSON to PATH."
  (let ((session (e2e-session))
        (coding-system-for-write 'utf-8-unix))
    (write-region
     (json-serialize
      `((outcome . ,(or (and session (cofferdam-session-outcome session)) :null))
        (reason . ,(or (and session (cofferdam-session-reason session)) :null))
        (sessionId . ,(or (and session (cofferdam-session-id session)) :null))
        (diagnosticsSeen . ,(e2e-nulls (vconcat (reverse e2e-seen))))
        (diagnosticsAtEnd
         . ,(e2e-nulls (vconcat (mapcar #'e2e-diagnostic (flymake-diagnostics)))))
        (approvals . ,(e2e-nulls (vconcat (reverse e2e-approvals))))
        (events . ,(vconcat (reverse e2e-events)))
        (transcript . ,(or (e2e-transcript) :null))
        (applied . ,(or (plist-get e2e-applied :applied) []))
        (conflicts . ,(or (plist-get e2e-applied :conflicts) []))
        (messages . ,(e2e-messages))
        (error . ,(or e2e-error :null)))
      :false-object :json-false)
     nil path nil 'silent)))

(defun e2e-nulls (value)
  "Return VALUE with :null for nil, throughout its vectors and alists."
  (cond ((null value) :null)
        ((vectorp value) (vconcat (mapcar #'e2e-nulls value)))
        ((and (consp value) (consp (car value)))
         (mapcar (lambda (pair) (cons (car pair) (e2e-nulls (cdr pair)))) value))
        (t value)))

(let ((result (expand-file-name (e2e-environment "E2E_RESULT"))))
  (condition-case err
      (let ((workspace (file-name-as-directory
                        (file-truename (e2e-environment "E2E_WORKSPACE")))))
        (e2e-run workspace (e2e-environment "E2E_FILE") (e2e-environment "E2E_PROMPT")))
    (error (setq e2e-error (error-message-string err))))
  (e2e-write result)
  (mapc #'cofferdam--disconnect (cofferdam--live-connections))
  (let ((deadline (+ (float-time) 3)))
    (while (and (cofferdam--live-connections) (< (float-time) deadline))
      (accept-process-output nil 0.05)))
  (when e2e-error (message "e2e: %s" e2e-error))
  (kill-emacs (if e2e-error 1 0)))

;;; e2e.el ends here
