;;; cofferdam-approval.el --- Actions that wait for the user  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; An approval never interrupts: the mode line says that something
;; waits, and a window that is not selected shows exactly what it is.
;; Answers are `agent/approve' requests of our own, so any client may
;; answer first; what others answered or time took disappears.

;;; Code:

(require 'cofferdam-session)
(require 'cofferdam-transcript)
(require 'json)

(defcustom cofferdam-approval-display 'window
  "How Emacs shows that an action waits for approval.
With `window', a window with the action appears, unselected; with
`message', only the echo area and the mode line tell."
  :type '(choice (const window) (const message))
  :group 'cofferdam
  :package-version '(cofferdam . "0.1.0"))

(defconst cofferdam--approval-grace 0.7
  "Seconds in which a question that has just replaced another takes no answer.
A key that was meant for the old one must not answer the new one.")

(defconst cofferdam--approval-buffer-name "*cofferdam approval*"
  "Name of the buffer that shows the approval.")

(defvar-local cofferdam--approval nil
  "The approval that this buffer shows.")
(defvar-local cofferdam--approval-since 0
  "When this buffer began to show it, as a float.")

;;; What waits

(defun cofferdam--pending ()
  "Return what waits: a list of (SESSION . APPROVAL), oldest session event first."
  (cl-loop for session in (reverse (cofferdam--all-sessions))
           append (mapcar (lambda (approval) (cons session approval))
                          (cofferdam-session-pending session))))

(defun cofferdam--pending-p (session id)
  "Return non-nil if approval ID of SESSION waits."
  (cl-find id (cofferdam-session-pending session)
           :key (lambda (approval) (plist-get approval :approvalId)) :test #'equal))

(defvar cofferdam--mode-line '(:eval (cofferdam--mode-line-text))
  "Element of `global-mode-string' that says what waits.")
(put 'cofferdam--mode-line 'risky-local-variable t)

(defvar cofferdam--mode-line-keymap
  (let ((map (make-sparse-keymap)))
    (define-key map [mode-line mouse-1] 'cofferdam-approve)
    map)
  "Keymap of the mode line's indicator.")

(defun cofferdam--mode-line-text ()
  "Return the mode line's indicator, or nil if nothing waits."
  (let ((count (length (cofferdam--pending))))
    (when (> count 0)
      (propertize (format " [Cofferdam: %d to approve] " count)
                  'face 'cofferdam-warning
                  'help-echo "mouse-1: show what waits"
                  'mouse-face 'mode-line-highlight
                  'local-map cofferdam--mode-line-keymap))))

(defun cofferdam--show-in-mode-line ()
  "Make the indicator part of the mode line."
  (unless global-mode-string (setq global-mode-string '("")))
  (unless (member 'cofferdam--mode-line global-mode-string)
    (setq global-mode-string (append global-mode-string '(cofferdam--mode-line)))))

;;; The buffer

(defvar cofferdam-approval-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map "a" #'cofferdam-approve)
    (define-key map "s" #'cofferdam-approve-for-session)
    (define-key map "r" #'cofferdam-reject)
    (define-key map "e" #'cofferdam-approve-edited)
    (define-key map "t" 'cofferdam-transcript)
    map)
  "Keymap of `cofferdam-approval-mode'.")

(define-derived-mode cofferdam-approval-mode special-mode "Approval"
  "Major mode that shows an action which waits for approval.

\\{cofferdam-approval-mode-map}"
  :group 'cofferdam
  (buffer-disable-undo)
  (setq bidi-paragraph-direction 'left-to-right)
  (setq-local revert-buffer-function #'ignore))

(defun cofferdam--arguments-json (arguments)
  "Return ARGUMENTS, a plist from the wire, as indented JSON.
Invisible characters are escaped."
  (let* ((json-encoding-pretty-print t)
         (json-encoding-default-indentation "  ")
         (json-false :json-false)
         (text (if arguments (json-encode arguments) "{}")))
    (replace-regexp-in-string
     cofferdam--control-regexp
     (lambda (string)
       (let ((char (aref string 0)))
         (if (<= char #xffff)
             (format "\\u%04x" char)
           (format "\\u%04x\\u%04x"
                   (+ #xd800 (ash (- char #x10000) -10))
                   (+ #xdc00 (logand (- char #x10000) #x3ff))))))
     text t t)))

(defun cofferdam--approval-insert (session approval)
  "Insert what APPROVAL of SESSION asks for."
  (let ((field (lambda (name value)
                 (insert (propertize (format "%-9s" name) 'face 'cofferdam-meta)
                         value "\n")))
        (margin (cofferdam--margin))
        (expires (plist-get approval :expiresAt))
        (command (plist-get approval :command))
        (diff (plist-get approval :diff)))
    (insert (propertize (concat "May it? "
                                (cofferdam--one-line (plist-get approval :title)))
                        'face 'cofferdam-warning)
            "\n")
    (pcase-dolist (`(,key ,label ,command)
                   '(("a" "approve" cofferdam-approve)
                     ("s" "approve for the session" cofferdam-approve-for-session)
                     ("r" "reject" cofferdam-reject)
                     ("e" "edit, then approve" cofferdam-approve-edited)
                     ("q" "later" quit-window)))
      (insert (cofferdam--button (format "%s %s" key label) command label) "   "))
    (insert "\n\n")
    ;; What would be done comes first: the window may be small.
    (when command
      (insert (apply #'propertize (cofferdam--show-controls command) margin) "\n\n"))
    (when diff
      (insert (apply #'propertize (cofferdam--fontify-diff (string-trim-right diff)) margin)
              "\n\n"))
    (funcall field "Why" (cofferdam--one-line (plist-get approval :reason) 500))
    (when (integerp expires)
      (let ((time (/ expires 1000.0)))
        (funcall field "Until"
                 (format-time-string (if (< (- time (float-time)) 86400)
                                         "%H:%M:%S, then it is denied"
                                       "%F %H:%M, then it is denied")
                                     time))))
    (funcall field "Session" (cofferdam--session-label session))
    (funcall field "Project" (abbreviate-file-name (or (cofferdam-session-root session) "")))
    (unless diff
      (insert "\n"
              (propertize (format "Arguments of %s:\n"
                                  (cofferdam--one-line (plist-get approval :tool) 40))
                          'face 'cofferdam-meta)
              (apply #'propertize
                     (cofferdam--arguments-json (plist-get approval :arguments)) margin)
              "\n"))))

(defun cofferdam--approval-fill (session approval)
  "Show APPROVAL of SESSION in the approval buffer and return that."
  (with-current-buffer (get-buffer-create cofferdam--approval-buffer-name)
    (unless (derived-mode-p 'cofferdam-approval-mode) (cofferdam-approval-mode))
    (unless (equal (plist-get approval :approvalId)
                   (plist-get cofferdam--approval :approvalId))
      (let ((inhibit-read-only t))
        (setq cofferdam--approval-since (if cofferdam--approval (float-time) 0)
              cofferdam--approval approval
              cofferdam--session session)
        (erase-buffer)
        (cofferdam--approval-insert session approval)
        (goto-char (point-min))
        (dolist (window (get-buffer-window-list nil nil t))
          (set-window-point window (point-min))
          (set-window-start window (point-min)))))
    (current-buffer)))

(defun cofferdam--approval-popup (session id)
  "Show approval ID of SESSION in an unselected window if it still waits."
  (when-let ((approval (cofferdam--pending-p session id)))
    (cond
     ((or (cofferdam-session-attaching session)
          (< (cofferdam-session-seq session) (cofferdam-session-history session)))
      ;; A replay may hold the answer too.
      (run-at-time 0.2 nil #'cofferdam--approval-popup session id))
     (t
      (cofferdam--show-in-mode-line)
      (force-mode-line-update t)
      (message "Cofferdam asks: %s  (M-x cofferdam-approve, cofferdam-reject)"
               (cofferdam--one-line (plist-get approval :title) 120))
      (when (eq cofferdam-approval-display 'window)
        (let ((buffer (get-buffer cofferdam--approval-buffer-name)))
          ;; One question at a time: a later one waits for its turn.
          (unless (and buffer
                       (with-current-buffer buffer
                         (and cofferdam--approval cofferdam--session
                              (cofferdam--pending-p
                               cofferdam--session
                               (plist-get cofferdam--approval :approvalId)))))
            (setq buffer (cofferdam--approval-fill session approval)))
          (unless noninteractive
            (cofferdam--approval-window buffer))))))))

(defvar cofferdam--approval-heights nil
  "Windows and their heights before the approval took of their room.")

(defun cofferdam--window-heights ()
  "Return the windows of the frame with their heights."
  (mapcar (lambda (window) (cons window (window-total-height window)))
          (window-list nil 'nomini)))

(defun cofferdam--approval-window (buffer)
  "Display BUFFER, the approval, in a window that fits and return that."
  (unless (get-buffer-window buffer t)
    (setq cofferdam--approval-heights (cofferdam--window-heights)))
  ;; All windows of the column give room, not only the one that is split.
  (let ((window-combination-limit nil))
    (display-buffer
     buffer
     '((display-buffer-reuse-window display-buffer-below-selected)
       (window-height . (lambda (window)
                          (fit-window-to-buffer window (/ (frame-height) 2) 8)))))))

(defun cofferdam--approval-next ()
  "Show the next approval in place of one that is settled, or close its window."
  (when-let ((buffer (get-buffer cofferdam--approval-buffer-name)))
    (if-let ((next (car (cofferdam--pending))))
        (cofferdam--approval-fill (car next) (cdr next))
      (dolist (window (get-buffer-window-list buffer nil t))
        (ignore-errors (quit-window nil window)))
      (kill-buffer buffer)
      ;; The others get back what they gave, unless the user has made other windows since.
      (let ((before cofferdam--approval-heights))
        (setq cofferdam--approval-heights nil)
        (when (equal (mapcar #'car before) (window-list nil 'nomini (caar before)))
          (pcase-dolist (`(,window . ,height) before)
            (ignore-errors
              (window-resize window (- height (window-total-height window)))))))))
  (force-mode-line-update t))

(defun cofferdam--approval-event (session event)
  "Show or withdraw the approval that EVENT of SESSION is about."
  (pcase (plist-get event :type)
    ("approvalRequested"
     (run-at-time 0.1 nil #'cofferdam--approval-popup session
                  (plist-get (plist-get event :approval) :approvalId)))
    ((or "approvalResolved" "sessionStatus" "turnCompleted")
     (unless (equal (plist-get event :type) "approvalResolved")
       (unless (cofferdam--running-p session)
         (setf (cofferdam-session-pending session) nil)))
     (when-let ((buffer (get-buffer cofferdam--approval-buffer-name)))
       (with-current-buffer buffer
         (unless (and cofferdam--session
                      (cofferdam--pending-p
                       cofferdam--session (plist-get cofferdam--approval :approvalId)))
           ;; Not here: closing windows inside a process filter is rude.
           (run-at-time 0 nil #'cofferdam--approval-next))))
     (force-mode-line-update t))))

(setq cofferdam--event-handlers
      (append cofferdam--event-handlers (list #'cofferdam--approval-event)))

;;; Answering

(cl-defun cofferdam--answer (session approval decision &key feedback (arguments nil edited))
  "Answer APPROVAL of SESSION with DECISION, a string of the protocol.
FEEDBACK goes with a rejection, ARGUMENTS with an edited approval."
  (cofferdam--request
   (cofferdam--session-connection session) 'agent/approve
   `( :sessionId ,(cofferdam-session-id session)
      :approvalId ,(plist-get approval :approvalId)
      :decision ,decision
      ,@(and feedback (not (string-empty-p feedback)) (list :feedback feedback))
      ,@(and edited (list :arguments arguments)))
   :on-success
   (lambda (result)
     (let ((resolution (plist-get result :resolution)))
       (unless (eq (plist-get result :accepted) t)
         (message "Cofferdam: too late: %s"
                  (pcase (plist-get resolution :cause)
                    ("answered" (format "%s by %s"
                                        (plist-get resolution :decision)
                                        (cofferdam--one-line
                                         (or (plist-get resolution :answeredBy)
                                             "another client")
                                         40)))
                    ("timedOut" "no answer came in time")
                    (_ "it was withdrawn"))))
       (setf (cofferdam-session-pending session)
             (cl-remove (plist-get approval :approvalId)
                        (cofferdam-session-pending session)
                        :key (lambda (other) (plist-get other :approvalId))
                        :test #'equal))
       (cofferdam--approval-next)))))

(defun cofferdam--answer-by-id (session id decision)
  "Answer approval ID of SESSION with DECISION if it still waits."
  (if-let ((approval (cofferdam--pending-p session id)))
      (cofferdam--answer session approval decision)
    (user-error "This has been settled already")))

(defun cofferdam--shown-approval ()
  "Return (SESSION . APPROVAL) that the user sees, or nil.
What has not been on the screen cannot be answered: it is shown instead."
  (let* ((pending (or (cofferdam--pending)
                      (user-error "Nothing waits for approval")))
         (buffer (get-buffer cofferdam--approval-buffer-name))
         (visible (and buffer (get-buffer-window buffer t)))
         (shown (and visible
                     (with-current-buffer buffer
                       (cl-find cofferdam--approval pending :key #'cdr :test #'eq)))))
    (cond
     ((and shown (> (- (float-time)
                       (buffer-local-value 'cofferdam--approval-since buffer))
                    cofferdam--approval-grace))
      shown)
     (shown
      (message "This question is new; answer again")
      nil)
     (t
      (let ((next (or (and cofferdam--session
                           (cl-find cofferdam--session pending :key #'car))
                      (car pending))))
        (select-window (cofferdam--approval-window
                        (cofferdam--approval-fill (car next) (cdr next))))
        (message "a approves, s approves for the session, r rejects, e edits, q leaves it")
        nil)))))

;;;###autoload
(defun cofferdam-approve ()
  "Approve, this once, the action that is shown.
If none is shown, show the one that waits."
  (interactive)
  (when-let ((shown (cofferdam--shown-approval)))
    (cofferdam--answer (car shown) (cdr shown) "allowOnce")))

(defun cofferdam-approve-for-session ()
  "Approve the action that is shown, and its equals in this session."
  (interactive)
  (when-let ((shown (cofferdam--shown-approval)))
    (cofferdam--answer (car shown) (cdr shown) "allowSession")))

;;;###autoload
(defun cofferdam-reject (&optional feedback)
  "Reject the action that is shown, and tell the model FEEDBACK.
Interactively, ask for FEEDBACK; it may be empty.  If no action is
shown, show the one that waits."
  (interactive (list 'ask))
  (when-let ((shown (cofferdam--shown-approval)))
    (cofferdam--answer (car shown) (cdr shown) "reject"
                       :feedback (if (eq feedback 'ask)
                                     (read-string "Reject; tell the model why (or nothing): ")
                                   feedback))))

;;; Editing

(defvar-local cofferdam--edited nil
  "(SESSION . APPROVAL) whose arguments this buffer holds.")

(defvar cofferdam-approval-edit-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'cofferdam-approval-edit-send)
    (define-key map (kbd "C-c C-k") #'cofferdam-approval-edit-abort)
    map)
  "Keymap of `cofferdam-approval-edit-mode'.")

(define-derived-mode cofferdam-approval-edit-mode prog-mode "Edit-Approval"
  "Major mode to edit the arguments of an action before it is approved.

\\{cofferdam-approval-edit-mode-map}"
  :group 'cofferdam
  (setq header-line-format
        " C-c C-c approves it with these arguments, C-c C-k leaves it"
        bidi-paragraph-direction 'left-to-right))

(defun cofferdam-approve-edited ()
  "Edit the arguments of the action that is shown, as JSON, then approve it."
  (interactive)
  (when-let ((shown (cofferdam--shown-approval)))
    (pop-to-buffer (generate-new-buffer "*cofferdam edit approval*"))
    (cofferdam-approval-edit-mode)
    (setq cofferdam--edited shown)
    (insert (cofferdam--arguments-json (plist-get (cdr shown) :arguments)) "\n")
    (goto-char (point-min))
    (set-buffer-modified-p nil)))

(defun cofferdam-approval-edit-send ()
  "Approve the action with the arguments of this buffer."
  (interactive)
  (let* ((session (car cofferdam--edited))
         (approval (cdr cofferdam--edited))
         (arguments (condition-case err
                        (json-parse-string (buffer-string)
                                           :null-object nil :false-object :json-false)
                      (error (user-error "This is not JSON: %s"
                                         (error-message-string err))))))
    (unless (hash-table-p arguments)
      (user-error "The arguments must be a JSON object"))
    (unless (cofferdam--pending-p session (plist-get approval :approvalId))
      (user-error "This has been settled already"))
    (cofferdam--answer session approval "allowEdited" :arguments arguments)
    (quit-window t)))

(defun cofferdam-approval-edit-abort ()
  "Leave the action unanswered."
  (interactive)
  (set-buffer-modified-p nil)
  (quit-window t))

(provide 'cofferdam-approval)
;;; cofferdam-approval.el ends here
