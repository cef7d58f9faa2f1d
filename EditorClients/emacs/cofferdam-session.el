;;; cofferdam-session.el --- What Emacs knows of sessions  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; A session lives in the service; here is its reflection.  Events of
;; `agent/progress' update it and then go, one by one and once each, to
;; `cofferdam--event-handlers' (transcript, approvals) and to the user's
;; `cofferdam-event-functions'.

;;; Code:

(require 'cofferdam-client)
(require 'cofferdam-edit)

(cl-defstruct (cofferdam-session (:constructor cofferdam--make-session)
                                 (:copier nil))
  "A session as far as this Emacs has seen it."
  (id nil :documentation "The service's name of it.")
  (root nil :documentation "Root of the project it works on.")
  (title "" :documentation "First line of its first prompt.")
  (state "starting" :documentation "A SessionState of the protocol, a string.")
  (outcome nil :documentation "How the last turn ended, a string.")
  (reason nil :documentation "Why the state or the outcome is as it is.")
  (model nil :documentation "Name of the model.")
  (seq 0 :documentation "Number of the newest event seen.")
  (history 0 :documentation "Events up to this number are replayed ones.")
  (attaching nil :documentation "Whether an answer to agent/attach is due.")
  (pending nil :documentation "Approvals that wait, oldest first.")
  (usage nil :documentation "TokenUsage of the session.")
  (changed nil :documentation "Paths that the last turn changed.")
  (checks nil :documentation "Alist of checks and plists of what each found last.")
  (findings nil :documentation "What its gate found against the last turn's change.")
  (applied nil :documentation "Whether a client applied the result.")
  (applies nil :documentation "What this Emacs applied and did not undo, newest first:
alists of paths and t or a list of the ids of hunks.")
  (buffer nil :documentation "The transcript buffer.")
  (conn nil :documentation "The connection whose server sends its events.")
  (partial nil :documentation "Whether the transcript lacks its beginning.")
  (updated (float-time) :documentation "When the newest event came."))

(defvar cofferdam--sessions (make-hash-table :test #'equal)
  "Map from session identifier to `cofferdam-session'.")

(defvar cofferdam--event-handlers nil
  "Functions of SESSION and EVENT that this package adds.")

(defvar cofferdam-event-functions nil
  "Functions called with a `cofferdam-session' and an event of it.
The event is a plist as in the protocol, with `:type' a string.  They run
inside a process filter and must neither block nor ask.")

(defvar-local cofferdam--session nil
  "The session that this buffer belongs to.")

(defun cofferdam--session-of (id &optional root)
  "Return the session ID; make it, for the project ROOT, if it is new."
  (unless (stringp id) (error "No session identifier"))
  (or (gethash id cofferdam--sessions)
      (puthash id (cofferdam--make-session :id id :root root) cofferdam--sessions)))

(defun cofferdam--session-update-from (session summary)
  "Update SESSION from SUMMARY, a SessionSummary of the protocol."
  (setf (cofferdam-session-title session)
        (cofferdam--one-line (plist-get summary :title) 80)
        (cofferdam-session-model session) (plist-get summary :model))
  ;; Events that have come since know better.
  (when (<= (cofferdam-session-seq session) (or (plist-get summary :seq) 0))
    (setf (cofferdam-session-state session) (plist-get summary :state)
          (cofferdam-session-outcome session) (plist-get summary :outcome)
          (cofferdam-session-applied session) (eq (plist-get summary :applied) t))))

(defun cofferdam--session-label (session)
  "Return a short name of SESSION for people."
  (let ((title (cofferdam-session-title session)))
    (if (string-empty-p title)
        (format "session %s" (cofferdam--one-line (cofferdam-session-id session) 12))
      (truncate-string-to-width title 48 nil nil "…"))))

(defun cofferdam--session-live-p (session)
  "Return non-nil if the newest event of SESSION is news, not a replay."
  (and (not (cofferdam-session-attaching session))
       (> (cofferdam-session-seq session) (cofferdam-session-history session))))

(defun cofferdam--session-replaying-p (session)
  "Return non-nil until the history of SESSION that was asked for is here."
  (or (cofferdam-session-attaching session)
      (< (cofferdam-session-seq session) (cofferdam-session-history session))))

(defun cofferdam--running-p (session)
  "Return non-nil while SESSION has a turn in progress."
  (member (cofferdam-session-state session) '("queued" "starting" "running" "waiting")))

;;; Events

(defun cofferdam--handle-agent-progress (conn params)
  "Handle `agent/progress' with PARAMS from CONN."
  (let* ((session (cofferdam--session-of (plist-get params :sessionId)
                                         (cofferdam--conn-root conn)))
         (seq (plist-get params :seq))
         (event (plist-get params :event)))
    ;; Two attachments can send the same event; it counts once.  One that was on
    ;; its way when the history was asked for comes again in its place.
    (when (and (integerp seq) (> seq (cofferdam-session-seq session))
               (or (= seq (1+ (cofferdam-session-seq session)))
                   (equal (plist-get event :type) "gap")
                   (not (cofferdam--session-replaying-p session))))
      (setf (cofferdam-session-seq session) seq
            (cofferdam-session-conn session) conn
            (cofferdam-session-updated session) (float-time))
      (setq event (plist-put event :time (plist-get params :time)))
      (cofferdam--session-note session event)
      (dolist (handler (append cofferdam--event-handlers cofferdam-event-functions))
        (condition-case err
            (funcall handler session event)
          (error (message "Cofferdam: error at %s: %s"
                          (cofferdam--one-line (plist-get event :type) 40)
                          (cofferdam--one-line (error-message-string err)))))))))

(defun cofferdam--session-note (session event)
  "Update SESSION with EVENT."
  (pcase (plist-get event :type)
    ("sessionStatus"
     (setf (cofferdam-session-state session) (plist-get event :state))
     (when-let ((reason (plist-get event :reason)))
       (setf (cofferdam-session-reason session) reason))
     (when (member (plist-get event :state) '("stopped" "failed"))
       (setf (cofferdam-session-pending session) nil)
       (cofferdam--announce session "%s: %s" (plist-get event :state)
                            (cofferdam--one-line (plist-get event :reason)))))
    ("diagnosticsUpdated" (cofferdam--note-diagnostics session event))
    ("turnStarted"
     (setf (cofferdam-session-state session) "running"
           (cofferdam-session-findings session) nil
           (cofferdam-session-outcome session) nil
           (cofferdam-session-model session) (plist-get event :model))
     (when (string-empty-p (cofferdam-session-title session))
       (setf (cofferdam-session-title session)
             (cofferdam--one-line (car (split-string (or (plist-get event :prompt) "")
                                                     "\n" t))
                                  80))))
    ("turnCompleted"
     (let ((changed (append (plist-get event :changedFiles) nil)))
       (setf (cofferdam-session-outcome session) (plist-get event :outcome)
             (cofferdam-session-reason session) (plist-get event :reason)
             (cofferdam-session-changed session) changed
             (cofferdam-session-findings session) (append (plist-get event :gateFindings) nil)
             (cofferdam-session-applied session) nil
             (cofferdam-session-state session) "idle")
       (cofferdam--announce
        session "%s%s%s" (plist-get event :outcome)
        (if-let ((findings (cofferdam-session-findings session)))
            (format ", %s (M-x cofferdam-diagnostics)"
                    (cofferdam--plural (length findings) "finding"))
          "")
        (if changed
            (format ", %s changed (M-x cofferdam-diff, M-x cofferdam-apply)"
                    (cofferdam--plural (length changed) "file"))
          ""))))
    ("approvalRequested"
     (let ((approval (plist-get event :approval)))
       (setf (cofferdam-session-pending session)
             (append (cofferdam-session-pending session) (list approval)))))
    ("approvalResolved"
     (let ((id (plist-get (plist-get event :resolution) :approvalId)))
       (setf (cofferdam-session-pending session)
             (cl-remove id (cofferdam-session-pending session)
                        :key (lambda (approval) (plist-get approval :approvalId))
                        :test #'equal))))
    ("usageUpdated"
     (setf (cofferdam-session-usage session) (plist-get event :session)))
    ("resultApplied"
     (when (and (= 0 (length (plist-get event :conflicts)))
                (not (equal (plist-get event :scope) "part")))
       (setf (cofferdam-session-applied session)
             (not (equal (plist-get event :scope) "undone"))))
     (when (cofferdam--session-live-p session)
       ;; Reverting runs hooks: not inside the process filter.
       (run-at-time 0 nil #'cofferdam--after-applied session
                    (append (plist-get event :applied) nil))))))

;;; What checks found

(defun cofferdam--delta-of (event)
  "Return how the diagnostics of EVENT, a diagnosticsUpdated, stand.
They are counted against the check's first run on the untouched tree."
  (cl-flet ((number (key default)
              (let ((value (plist-get event key)))
                (if (natnump value) value default))))
    (let* ((total (number :total (length (plist-get event :diagnostics))))
           (new (number :new total)))
      (list :total total :new new :fixed (number :fixed 0)
            :remaining (number :remaining (max 0 (- total new)))))))

(defun cofferdam--delta-text (delta)
  "Return DELTA in words."
  (format "%d new, %d fixed, %d remaining" (plist-get delta :new)
          (plist-get delta :fixed) (plist-get delta :remaining)))

(defun cofferdam--note-diagnostics (session event)
  "Note in SESSION what the check of EVENT has found."
  (let* ((diagnostics (append (plist-get event :diagnostics) nil))
         (found (append
                 (cofferdam--delta-of event)
                 (list :fingerprints
                       (delete "" (mapcar (lambda (one) (or (plist-get one :fingerprint) ""))
                                          diagnostics))
                       ;; Of no file, such as a linker's: no buffer can show it.
                       :placeless
                       (cl-remove-if-not
                        (lambda (one) (member (plist-get one :path) '(nil "")))
                        diagnostics)))))
    (setf (alist-get (cofferdam--one-line (plist-get event :check) 60)
                     (cofferdam-session-checks session) nil nil #'equal)
          found)))

(defun cofferdam--session-delta (session)
  "Return how all diagnostics of SESSION stand, or nil without any check."
  (when-let ((checks (cofferdam-session-checks session)))
    (cl-loop for key in '(:total :new :fixed :remaining)
             nconc (list key (cl-loop for (_ . found) in checks
                                      sum (plist-get found key))))))

(defun cofferdam--session-news (session)
  "Return how the diagnostics of SESSION stand, in words; nil if no news."
  (let ((delta (cofferdam--session-delta session)))
    (unless (or (null delta)
                (= 0 (plist-get delta :total) (plist-get delta :fixed))
                (member (cofferdam-session-outcome session) '("verified" "answered")))
      (cofferdam--delta-text delta))))

(defun cofferdam--announce (session format &rest arguments)
  "Say FORMAT with ARGUMENTS about SESSION unless it is history."
  (when (cofferdam--session-live-p session)
    (message "Cofferdam: %s: %s" (cofferdam--session-label session)
             (apply #'format format arguments))))

(defun cofferdam--after-applied (session paths)
  "Reload the buffers of PATHS, which were applied from SESSION."
  (when-let ((kept (cofferdam--reload paths (cofferdam-session-root session))))
    (message "Cofferdam: unsaved changes kept, but the files are new: %s"
             (string-join kept ", "))))

(cofferdam--on-notification 'agent/progress #'cofferdam--handle-agent-progress)

;;; Attaching

(defvar cofferdam--restart-functions nil
  "Functions called with a session whose events will come from the first on.")

(defun cofferdam--session-connection (session)
  "Return a ready connection for SESSION, for a command.
After the language server has died, start another and attach again."
  (let ((conn (cofferdam--wait-connection (cofferdam-session-root session))))
    (unless (eq conn (cofferdam-session-conn session))
      (cofferdam--attach conn (cofferdam-session-id session)))
    conn))

(defun cofferdam--attach (conn id &optional on-attached)
  "Attach to the session ID through CONN, from the newest event seen.
ON-ATTACHED is called with the session once the server has answered."
  (let* ((session (cofferdam--session-of id))
         (root (cofferdam--conn-root conn)))
    (when (or (cofferdam-session-partial session)
              (not (buffer-live-p (cofferdam-session-buffer session))))
      ;; A killed transcript is filled again from the first event.
      (setf (cofferdam-session-seq session) 0
            (cofferdam-session-pending session) nil
            (cofferdam-session-checks session) nil
            (cofferdam-session-findings session) nil
            (cofferdam-session-partial session) nil)
      (run-hook-with-args 'cofferdam--restart-functions session))
    (setf (cofferdam-session-root session) root
          (cofferdam-session-conn session) conn
          (cofferdam-session-attaching session) t)
    (cofferdam--request
     conn 'agent/attach
     (list :sessionId id :afterSeq (cofferdam-session-seq session))
     :on-success
     (lambda (result)
       (let ((summary (plist-get result :session)))
         (setf (cofferdam-session-history session) (or (plist-get result :seq) 0)
               (cofferdam-session-attaching session) nil)
         (when summary
           (cofferdam--session-update-from session summary))
         (when on-attached (funcall on-attached session))))
     :on-error
     (lambda (text)
       (setf (cofferdam-session-attaching session) nil)
       (message "Cofferdam: cannot attach to %s: %s"
                (cofferdam--session-label session) text)))
    session))

;;; Choosing

(defun cofferdam--all-sessions ()
  "Return the known sessions, the one with the newest event first."
  (sort (hash-table-values cofferdam--sessions)
        (lambda (a b) (> (cofferdam-session-updated a) (cofferdam-session-updated b)))))

(defun cofferdam--choose (prompt sessions)
  "Ask with PROMPT for one of SESSIONS; a single one needs no question."
  (if (not (cdr sessions))
      (car sessions)
    (let* ((choices (mapcar (lambda (session)
                              (cons (format "%s  [%s]  %s"
                                            (cofferdam--session-label session)
                                            (cofferdam-session-state session)
                                            (cofferdam--one-line
                                             (cofferdam-session-id session) 12))
                                    session))
                            sessions))
           (choice (completing-read
                    (format-prompt prompt (caar choices))
                    (lambda (string predicate action)
                      (if (eq action 'metadata)
                          ;; Newest first, not by name.
                          '(metadata (display-sort-function . identity))
                        (complete-with-action action choices string predicate)))
                    nil t nil nil (caar choices))))
      (cdr (assoc choice choices)))))

(defun cofferdam--read-session (prompt &optional predicate)
  "Return the session that a command is about.
It is the session of this buffer, else one of this project, else any;
only those count for which PREDICATE is true.  Ask with PROMPT when
there are several."
  (if (and cofferdam--session
           (funcall (or predicate #'always) cofferdam--session))
      cofferdam--session
    (let* ((all (cl-remove-if-not (or predicate #'always) (cofferdam--all-sessions)))
           (root (ignore-errors (cofferdam--root)))
           (here (cl-remove-if-not
                  (lambda (session) (equal root (cofferdam-session-root session)))
                  all)))
      (or (cofferdam--choose prompt (or here all))
          (user-error (if (cofferdam--all-sessions)
                          "No session here to %s; M-x cofferdam-list shows all"
                        "No session yet; M-x cofferdam-start, or M-x cofferdam-list")
                      (downcase (string-remove-suffix " of" prompt)))))))

(provide 'cofferdam-session)
;;; cofferdam-session.el ends here
