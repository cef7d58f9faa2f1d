;;; cofferdam-render.el --- Events as text in the transcript  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; One function a type of event.

;;; Code:

(require 'cofferdam-checks)
(require 'diff-mode)

;;; Events

(defvar-local cofferdam--refused nil
  "Non-nil when an approval was refused and its tool call has yet to end.")

(defun cofferdam--transcript-event (session event)
  "Show EVENT in the transcript of SESSION."
  (with-current-buffer (cofferdam--transcript-buffer session)
    (let ((id (plist-get event :itemId)))
      (pcase (plist-get event :type)
        ("turnStarted" (cofferdam--show-turn-started event))
        ("turnCompleted" (cofferdam--show-turn-completed session event))
        ("promptReceived"
         (cofferdam--show-prompt
          (format "%s (%s)" (plist-get event :text) (plist-get event :delivery)) event))
        ("messageStarted" (cofferdam--begin-text id 'message))
        ("messageDelta" (cofferdam--more-text id (plist-get event :text) 'message))
        ("messageCompleted" (cofferdam--end-text id (plist-get event :text) 'message))
        ("reasoningStarted" (cofferdam--begin-text id 'reasoning))
        ("reasoningDelta" (cofferdam--more-text id (plist-get event :text) 'reasoning))
        ("reasoningCompleted" (cofferdam--end-text id (plist-get event :text) 'reasoning))
        ("toolCallStarted"
         (cofferdam--begin-item id 'tool (cofferdam--one-line (plist-get event :title))))
        ("toolCallCompleted" (cofferdam--show-tool-completed id event))
        ("checkStarted"
         (cofferdam--begin-item id 'check (concat "Check " (cofferdam--check-title event))))
        ("checkCompleted" (cofferdam--show-check-completed id event))
        ("environmentPreparing" (cofferdam--show-preparing event))
        ("setupStarted"
         (cofferdam--begin-item
          id 'tool
          (format "Setup %s of %s: %s" (plist-get event :step) (plist-get event :steps)
                  (cofferdam--command-words (plist-get event :command)))))
        ("setupCompleted" (cofferdam--show-setup-completed id event))
        ("environmentPrepared" (cofferdam--show-prepared event))
        ("outputDelta" (cofferdam--write-output id event))
        ("fileChanged" (cofferdam--show-file-changed event))
        ("diagnosticsUpdated" (cofferdam--show-diagnostics session event))
        ("approvalRequested" (cofferdam--show-approval (plist-get event :approval)))
        ("approvalResolved" (cofferdam--show-resolution (plist-get event :resolution)))
        ("budgetWarned"
         (cofferdam--fresh-line)
         (let ((used (plist-get event :used))
               (limit (plist-get event :limit)))
           (cofferdam--emit-face 'cofferdam-warning "[%d %% of the budget is used: %s, %s]\n"
                                 (if (and (numberp limit) (> limit 0)) (floor (/ (* 100.0 used) limit)) 100)
                                 (cofferdam--one-line (plist-get event :scope))
                                 (cofferdam--one-line (plist-get event :kind)))))
        ("modelSwitched"
         (cofferdam--fresh-line)
         (cofferdam--emit-face 'cofferdam-warning "[%s goes on for %s: %s]\n"
                               (cofferdam--one-line (plist-get event :to))
                               (cofferdam--one-line (plist-get event :from))
                               (cofferdam--one-line (plist-get event :reason)))
         (mapc (lambda (void) (remhash void cofferdam--items))
               (plist-get event :voidItemIds)))
        ("modelRetried"
         (cofferdam--fresh-line)
         (cofferdam--emit-face 'cofferdam-warning "[the model's answer broke off: %s; again in %s]\n"
                               (cofferdam--one-line (plist-get event :reason))
                               (cofferdam--duration (plist-get event :delayMilliseconds)))
         (mapc (lambda (void) (remhash void cofferdam--items))
               (plist-get event :voidItemIds)))
        ("sessionResumed"
         (cofferdam--fresh-line)
         (cofferdam--emit-face 'cofferdam-warning "[goes on: %s]\n"
                               (cofferdam--one-line (plist-get event :reason)))
         (mapc (lambda (void) (remhash void cofferdam--items))
               (plist-get event :voidItemIds)))
        ("commandEnded"
         (cofferdam--end-output id)
         (cofferdam--fresh-line)
         (cofferdam--emit-face 'cofferdam-meta "[%s in the background: %s]\n"
                               (cofferdam--one-line (plist-get event :commandId))
                               (car (cofferdam--result-text (plist-get event :command))))
         (remhash id cofferdam--items))
        ("sessionQueued"
         (cofferdam--fresh-line)
         (cofferdam--emit-face 'cofferdam-meta "[waits for other sessions to end: position %s]\n"
                               (plist-get event :position)))
        ("sessionStatus"
         (when (plist-get event :reason)
           (cofferdam--fresh-line)
           (cofferdam--emit-face 'cofferdam-meta "[%s: %s]\n" (plist-get event :state)
                                 (cofferdam--one-line (plist-get event :reason)))))
        ("resultApplied" (cofferdam--show-applied event))
        ("egressRulesChanged" (cofferdam--show-egress-rules event))
        ("egressDecided" (cofferdam--show-egress-decision event))
        ("snapshotTaken" (cofferdam--show-step event))
        ("snapshotFailed"
         (cofferdam--fresh-line)
         (cofferdam--emit-face 'cofferdam-warning "[step %s was not kept: %s]\n"
                               (plist-get event :step)
                               (cofferdam--one-line (plist-get event :reason))))
        ("commitFailed"
         (cofferdam--fresh-line)
         (cofferdam--emit-face 'cofferdam-warning "[step %s has no commit: %s]\n"
                               (plist-get event :step)
                               (cofferdam--one-line (plist-get event :reason))))
        ("sessionRestored"
         (cofferdam--fresh-line)
         (cofferdam--emit-face 'cofferdam-meta "[back at step %s]\n" (plist-get event :step)))
        ("sessionForked"
         (cofferdam--fresh-line)
         (cofferdam--emit-face 'cofferdam-meta "[forked from %s at step %s]\n"
                               (cofferdam--one-line (plist-get event :from))
                               (plist-get event :step)))
        ("sessionPublished"
         (cofferdam--fresh-line)
         (let ((branch (plist-get event :branch))
               (where (or (plist-get event :url) (plist-get event :remote))))
           (cofferdam--emit-face 'cofferdam-meta "[%s%s]\n"
                                 (if branch
                                     (concat "published as " (cofferdam--one-line branch))
                                   "handed out as a file")
                                 (if where (concat ": " (cofferdam--one-line where)) ""))))
        ("publicationUpdated" (cofferdam--show-publication event))
        ("commentReceived"
         (cofferdam--fresh-line)
         (cofferdam--emit-face 'cofferdam-meta "[%s%s%s: %s]\n"
                               (cofferdam--one-line (plist-get event :author))
                               (if-let ((path (plist-get event :path)))
                                   (format " on %s" (cofferdam--one-line path))
                                 "")
                               (if (eq (plist-get event :prompted) t) "" " (not a prompt)")
                               (cofferdam--one-line (plist-get event :body))))
        ("gap"
         (cofferdam--fresh-line)
         (cofferdam--emit-face 'cofferdam-warning "[events %s to %s are lost: %s]\n"
                               (plist-get event :from) (plist-get event :to)
                               (cofferdam--one-line (plist-get event :reason))))))))

(defun cofferdam--show-publication (event)
  "Show the state of the published branch of EVENT at the forge."
  (let ((name (if-let ((number (plist-get event :number)))
                  (format "#%s" number)
                (cofferdam--one-line (plist-get event :branch))))
        (failed (equal (plist-get event :ci) "failed"))
        (change (plist-get event :change))
        (reason (plist-get event :reason)))
    (cofferdam--fresh-line)
    (cofferdam--emit-face (if failed 'cofferdam-warning 'cofferdam-meta) "[%s: CI %s]\n" name
                          (cofferdam--one-line (plist-get event :ci)))
    (seq-doseq (job (plist-get event :jobs))
      (when (equal (plist-get job :state) "failed")
        (cofferdam--emit-face 'cofferdam-warning "[failed: %s %s]\n"
                              (cofferdam--one-line (plist-get job :name))
                              (cofferdam--one-line (or (plist-get job :url) "")))))
    (when (and change (not (equal change "open")))
      (cofferdam--emit-face 'cofferdam-meta "[%s is %s]\n" name (cofferdam--one-line change)))
    (when reason
      (cofferdam--emit-face 'cofferdam-meta "[%s is no longer watched: %s]\n" name
                            (cofferdam--one-line reason)))))

(defun cofferdam--show-prompt (text event)
  "Show the user's prompt TEXT of EVENT."
  (cofferdam--gap)
  (setq cofferdam--writer nil)
  (cofferdam--emit (concat (cofferdam--glyph "❯" ">") " "
                           (cofferdam--show-controls (or text "")))
                   'face 'cofferdam-prompt 'cofferdam-item 'prompt
                   'wrap-prefix "  ")
  (when-let ((time (plist-get event :time)))
    (cofferdam--emit (format-time-string "  %H:%M:%S" (/ time 1000.0))
                     'face 'cofferdam-meta))
  (cofferdam--emit "\n")
  (seq-doseq (image (plist-get event :images))
    (cofferdam--emit-face 'cofferdam-meta "  with %s (%s × %s)\n"
                          (cofferdam--one-line (or (plist-get image :name)
                                                   (plist-get image :mediaType) "?"))
                          (plist-get image :width) (plist-get image :height))))

(defun cofferdam--show-turn-started (event)
  "Show EVENT of type turnStarted."
  (clrhash cofferdam--items)
  (setq cofferdam--refused nil)
  (cofferdam--show-prompt (plist-get event :prompt) event))

(defun cofferdam--show-tool-completed (id event)
  "Show EVENT of type toolCallCompleted for item ID."
  (let* ((status (plist-get event :status))
         (command (plist-get event :command))
         (text (or (plist-get event :text) ""))
         (good (equal status "completed"))
         ;; Who refused it, and why, was said when they did.
         (told (and (equal status "denied") cofferdam--refused))
         (result (and command (cofferdam--result-text command))))
    (if told
        (setq cofferdam--refused nil)
      (cofferdam--end-output id))
    ;; A command's output was shown as it came; other tools have only this.
    (unless (or told command (and good (string-empty-p text))
                (string-equal (concat status ".") (downcase text)))
      (let ((shown (cond ((not good) (cofferdam--capped text 4000))
                         ((string-search "\n" (string-trim-right text))
                          (cofferdam--plural
                           (length (split-string (string-trim-right text) "\n")) "line"))
                         (t (cofferdam--one-line text)))))
        (cofferdam--emit (concat (string-trim-right (cofferdam--neutralise shown)) "\n")
                         'face 'cofferdam-meta 'line-prefix "  " 'wrap-prefix "  ")))
    (if result
        (cofferdam--emit-end (and good (cdr result))
                             (if good (car result) (format "%s, %s" status (car result))))
      (unless (or good told)
        (cofferdam--emit-end nil status)))))

(defun cofferdam--show-preparing (event)
  "Show EVENT of type environmentPreparing."
  (cofferdam--fresh-line)
  (cofferdam--emit-face
   'cofferdam-meta
   (pcase (plist-get event :activity)
     ("unpacking" "[unpacking the environment %s]\n")
     ("waiting" "[waiting for another session that prepares the environment %s]\n")
     (_ "[preparing the environment %s]\n"))
   (cofferdam--one-line (plist-get event :environment))))

(defun cofferdam--show-setup-completed (id event)
  "Show EVENT of type setupCompleted for item ID."
  (cofferdam--end-output id)
  (let ((result (plist-get event :result)))
    (cofferdam--emit-end
     (and (equal (plist-get result :status) "exited") (eql (plist-get result :exitCode) 0))
     (car (cofferdam--result-text result)))))

(defun cofferdam--show-prepared (event)
  "Show EVENT of type environmentPrepared."
  (cofferdam--fresh-line)
  (cofferdam--emit-face
   'cofferdam-meta "[environment %s%s]\n"
   (cofferdam--one-line (plist-get event :environment))
   (pcase (plist-get event :setup)
     ("ran" ", set up")
     ("reused" ", set up by an earlier session")
     ("waited" ", set up by another session")
     (_ "")))
  (mapc (lambda (note)
          (cofferdam--emit-face 'cofferdam-warning "[%s]\n" (cofferdam--one-line note)))
        (plist-get event :notes)))

(defun cofferdam--show-file-changed (event)
  "Show EVENT of type fileChanged."
  (cofferdam--fresh-line)
  (cofferdam--emit-face 'cofferdam-meta "  %s %s\n" (plist-get event :change)
                        (cofferdam--one-line (plist-get event :path)))
  (let* ((patch (string-trim-right (or (plist-get event :patch) "")))
         ;; The headers say again which file it is.
         (patch (substring patch (or (string-match "^@@" patch) 0))))
    (unless (string-empty-p patch)
      (apply #'cofferdam--emit
             (concat (cofferdam--fontify-diff (cofferdam--capped patch 16000)) "\n")
             'invisible 'cofferdam-output (cofferdam--margin)))))

(defun cofferdam--show-approval (approval)
  "Show that APPROVAL waits."
  (cofferdam--gap)
  (setq cofferdam--writer nil)
  (cofferdam--emit (format "? %s\n" (cofferdam--one-line (plist-get approval :title)))
                   'face 'cofferdam-warning 'cofferdam-item 'approval)
  (cofferdam--emit-face 'cofferdam-meta "  %s\n"
                        (cofferdam--one-line (plist-get approval :reason) 500))
  (when-let ((command (plist-get approval :command)))
    (apply #'cofferdam--emit (concat (cofferdam--show-controls command) "\n")
           (cofferdam--margin)))
  (when-let ((diff (plist-get approval :diff)))
    (apply #'cofferdam--emit
           (concat (cofferdam--fontify-diff (cofferdam--capped (string-trim-right diff) 16000))
                   "\n")
           (cofferdam--margin)))
  (let* ((id (plist-get approval :approvalId))
         (button (lambda (label decision help)
                   (make-text-button
                    (copy-sequence label) nil 'follow-link t 'help-echo help
                    'action (lambda (_)
                              (cofferdam--answer-by-id cofferdam--session id decision))))))
    (cofferdam--emit
     (concat "  " (funcall button "[Approve]" "allowOnce" "Allow this once")
             "  " (funcall button "[Approve for session]" "allowSession"
                           "Allow this and its equals in this session")
             "  " (funcall button "[Reject]" "reject" "Do not allow it")
             "\n"))))

(declare-function cofferdam--answer-by-id "cofferdam-approval")

(defun cofferdam--show-resolution (resolution)
  "Show how an approval ended: RESOLUTION."
  (let ((decision (plist-get resolution :decision))
        (cause (plist-get resolution :cause)))
    (setq cofferdam--refused
          (or cofferdam--refused (not (equal cause "answered")) (equal decision "reject")))
    (cofferdam--emit-end
     (and (equal cause "answered") (not (equal decision "reject")))
     (concat
      (pcase cause
        ("answered" (pcase decision
                      ("allowOnce" "approved")
                      ("allowSession" "approved for the session")
                      ("allowEdited" "approved as edited")
                      (_ "rejected")))
        ("timedOut" "no answer in time: denied")
        (_ "withdrawn"))
      (when-let ((who (plist-get resolution :answeredBy)))
        (format " by %s" (cofferdam--one-line who 40)))
      (when-let ((feedback (plist-get resolution :feedback)))
        (format ": %s" (cofferdam--one-line feedback)))))))

(defun cofferdam--show-applied (event)
  "Show EVENT of type resultApplied."
  (let ((conflicts (plist-get event :conflicts)))
    (cofferdam--emit-end
     (= 0 (length conflicts))
     (format "%s %s by %s"
             (if (equal (plist-get event :scope) "undone") "undone" "applied")
             (cofferdam--plural (length (plist-get event :applied)) "file")
             (cofferdam--one-line (plist-get event :client) 40)))
    (mapc (lambda (conflict)
            (cofferdam--emit-face 'cofferdam-warning "    %s: %s\n"
                                  (cofferdam--one-line (plist-get conflict :path))
                                  (cofferdam--one-line (plist-get conflict :reason))))
          conflicts)))

(defun cofferdam--show-step (event)
  "Show EVENT of type snapshotTaken, unless the files stayed as they were."
  (let ((changed (or (plist-get event :changedFiles) 0))
        (removed (append (plist-get event :removedSteps) nil)))
    (when (> changed 0)
      (cofferdam--fresh-line)
      (cofferdam--emit-face 'cofferdam-meta "[step %s: %s changed%s]\n"
                            (plist-get event :step)
                            (if (= changed 1) "1 file" (format "%d files" changed))
                            (if (eq (plist-get event :consistent) t)
                                ""
                              "; something was writing meanwhile")))
    (when removed
      (cofferdam--fresh-line)
      (cofferdam--emit-face 'cofferdam-warning "[given up for room: steps %s]\n"
                            (mapconcat #'number-to-string removed ", ")))))

(defun cofferdam--show-egress-rules (event)
  "Show EVENT of type egressRulesChanged."
  (let ((rules (mapcar (lambda (rule) (cofferdam--one-line (plist-get rule :rule)))
                       (plist-get event :rules)))
        (denied (mapcar #'cofferdam--one-line (plist-get event :denied))))
    (cofferdam--fresh-line)
    (cofferdam--emit-face
     'cofferdam-meta "[network: %s may reach %s%s (set by %s)]\n"
     (if (equal (plist-get event :phase) "setup") "setup steps" "the agent")
     (if rules (string-join rules ", ") "nothing")
     (if denied (concat ", but not " (string-join denied ", ")) "")
     (cofferdam--one-line (plist-get event :by) 40))))

(defun cofferdam--show-egress-decision (event)
  "Show EVENT of type egressDecided when it is a refusal."
  (when (equal (plist-get event :verdict) "deny")
    (let ((host (plist-get event :host))
          (scheme (plist-get event :scheme))
          (count (plist-get event :count)))
      (cofferdam--fresh-line)
      (cofferdam--emit-face
       'cofferdam-warning "[network: %s refused: %s%s]\n"
       (if (member host '(nil ""))
           "a request"
         (cofferdam--one-line
          (format "%s%s:%s%s" (if (member scheme '(nil "")) "" (concat scheme "://"))
                  host (plist-get event :port) (or (plist-get event :path) ""))))
       (cofferdam--one-line (plist-get event :reason))
       (if count (format " (%s times)" count) "")))))

(setq cofferdam--event-handlers
      (append cofferdam--event-handlers (list #'cofferdam--transcript-event)))

(provide 'cofferdam-render)
;;; cofferdam-render.el ends here
