;;; cofferdam-transcript.el --- The live transcript of a session  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; A transcript only grows at its end.  Text is queued; a timer inserts
;; the queue some twenty times a second.  Nothing is ever drawn again and
;; long lines are broken.  What events look like is in cofferdam-render.el.

;;; Code:

(require 'cofferdam-session)

(defcustom cofferdam-transcript-max-size (* 16 1024 1024)
  "Characters that a transcript keeps; the oldest go first.
\\[cofferdam-attach] can show them again."
  :type 'natnum
  :group 'cofferdam
  :package-version '(cofferdam . "0.1.0"))

(defcustom cofferdam-show-reasoning nil
  "Whether transcripts show the model's reasoning.
\\<cofferdam-transcript-mode-map>\\[cofferdam-transcript-toggle-reasoning] \
in a transcript changes it there."
  :type 'boolean
  :group 'cofferdam
  :package-version '(cofferdam . "0.1.0"))

(defconst cofferdam--flush-delay 0.05
  "Seconds from an event to its text in the buffer.")
(defconst cofferdam--line-limit 800
  "Longer lines are broken; redisplay takes quadratic time on long ones.")
(defvar-local cofferdam--queue nil
  "Strings to insert, newest first.")
(defvar-local cofferdam--flush-timer nil
  "Timer that will insert the queue.")
(defvar-local cofferdam--column 0
  "Column where the next queued string begins.")
(defvar-local cofferdam--items nil
  "Map from item identifier to `cofferdam--item'.")
(defvar-local cofferdam--writer nil
  "Identifier of the item that wrote last.")

;;; The queue

(defun cofferdam--emit (text &rest properties)
  "Queue TEXT with PROPERTIES for the end of this transcript."
  (unless (string-empty-p text)
    (pcase-let ((`(,wrapped . ,column)
                 (cofferdam--wrap-long-lines text cofferdam--column
                                             cofferdam--line-limit)))
      ;; Faces of parts, such as visible control characters, come first.
      (when-let ((face (plist-get properties 'face)))
        (add-face-text-property 0 (length wrapped) face t wrapped))
      (cl-loop for (property value) on properties by #'cddr
               unless (eq property 'face)
               do (put-text-property 0 (length wrapped) property value wrapped))
      (push wrapped cofferdam--queue)
      (setq cofferdam--column column))
    (unless cofferdam--flush-timer
      (setq cofferdam--flush-timer
            (run-with-timer cofferdam--flush-delay nil
                            #'cofferdam--flush (current-buffer))))))

(defun cofferdam--emit-face (face format &rest arguments)
  "Queue FORMAT with ARGUMENTS in FACE."
  (cofferdam--emit (apply #'format format arguments) 'face face))

(defun cofferdam--fresh-line ()
  "Begin a new line unless at the beginning of one."
  (unless (= cofferdam--column 0) (cofferdam--emit "\n")))

(defun cofferdam--gap ()
  "Leave an empty line before what comes."
  (cofferdam--fresh-line)
  (cofferdam--emit "\n"))

(defun cofferdam--margin ()
  "Return text properties that set lines off with a bar."
  (let ((bar (propertize (concat "  " (cofferdam--glyph "│" "|") " ")
                         'face 'cofferdam-meta)))
    (list 'line-prefix bar 'wrap-prefix bar)))

(defun cofferdam--button (label command help)
  "Return a button LABEL to call COMMAND in its buffer, with the tooltip HELP."
  (make-text-button (copy-sequence label) nil
                    'follow-link t 'help-echo help
                    'action (lambda (_) (call-interactively command))))

(defun cofferdam--flush (buffer)
  "Insert what is queued in BUFFER; windows at its end follow."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (when (timerp cofferdam--flush-timer) (cancel-timer cofferdam--flush-timer))
      (setq cofferdam--flush-timer nil)
      (when cofferdam--queue
        (let* ((text (apply #'concat (nreverse cofferdam--queue)))
               (inhibit-read-only t)
               (end (point-max))
               (following (cl-remove-if-not
                           (lambda (window) (= (window-point window) end))
                           (get-buffer-window-list buffer nil t)))
               (follow (= (point) end)))
          (setq cofferdam--queue nil)
          (save-excursion
            (save-restriction
              (widen)
              (goto-char end)
              (insert text)
              (cofferdam--trim-transcript)))
          (when follow (goto-char (point-max)))
          (dolist (window following)
            (set-window-point window (point-max)))
          (force-mode-line-update))))))

(defun cofferdam--trim-transcript ()
  "Delete the oldest text if this transcript is too long."
  ;; Some slack, so that not every insertion moves the whole text.
  (when (> (buffer-size) (* 1.25 cofferdam-transcript-max-size))
    (goto-char (- (point-max) cofferdam-transcript-max-size))
    (forward-line 1)
    (delete-region (point-min) (point))
    (goto-char (point-min))
    (insert (propertize "[older text removed; kill this buffer and attach again to see it]\n"
                        'face 'cofferdam-meta))))

;;; The buffer

(defvar cofferdam-transcript-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map "n" #'cofferdam-transcript-next)
    (define-key map "p" #'cofferdam-transcript-previous)
    (define-key map (kbd "TAB") #'forward-button)
    (define-key map (kbd "<backtab>") #'backward-button)
    (define-key map "i" 'cofferdam-prompt)
    (define-key map "a" 'cofferdam-approve)
    (define-key map "r" 'cofferdam-reject)
    (define-key map "d" 'cofferdam-diff)
    (define-key map "A" 'cofferdam-apply)
    (define-key map "k" 'cofferdam-cancel)
    (define-key map "K" 'cofferdam-stop)
    (define-key map "l" 'cofferdam-list)
    (define-key map "e" 'cofferdam-diagnostics)
    (define-key map "t" #'cofferdam-transcript-toggle-reasoning)
    (define-key map "o" #'cofferdam-transcript-toggle-output)
    (define-key map "g" #'cofferdam-transcript-refresh)
    map)
  "Keymap of `cofferdam-transcript-mode'.")

(define-derived-mode cofferdam-transcript-mode special-mode "Transcript"
  "Major mode of the live transcript of a session.
Text is added at the end; point follows when it is there.

\\{cofferdam-transcript-mode-map}"
  :group 'cofferdam
  (buffer-disable-undo)
  (setq cofferdam--items (make-hash-table :test #'equal)
        header-line-format '(:eval (cofferdam--transcript-header))
        buffer-invisibility-spec nil
        bidi-paragraph-direction 'left-to-right
        truncate-lines nil)
  (setq-local scroll-conservatively 101
              bidi-inhibit-bpa t
              font-lock-defaults nil
              line-move-visual t
              word-wrap t)
  (add-hook 'kill-buffer-hook #'cofferdam--transcript-killed nil t)
  (unless cofferdam-show-reasoning
    (add-to-invisibility-spec 'cofferdam-reasoning)))

(defun cofferdam--transcript-killed ()
  "Note that this transcript is gone."
  (when cofferdam--session
    (setf (cofferdam-session-partial cofferdam--session) t)))

(defun cofferdam--transcript-restart (session)
  "Empty the transcript of SESSION, whose events come again."
  (when-let ((buffer (cofferdam-session-buffer session)))
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        (let ((inhibit-read-only t)) (erase-buffer))
        (clrhash cofferdam--items)
        (setq cofferdam--queue nil cofferdam--column 0 cofferdam--writer nil)))))

(add-hook 'cofferdam--restart-functions #'cofferdam--transcript-restart)

(defun cofferdam--transcript-header ()
  "Return the header line of a transcript."
  (when cofferdam--session
    (let* ((session cofferdam--session)
           (state (cofferdam-session-state session))
           (outcome (cofferdam-session-outcome session))
           (usage (cofferdam-session-usage session))
           (tokens (cl-loop for (_ value) on usage by #'cddr
                            when (integerp value) sum value)))
      ;; "%" is special in a mode line.
      (string-replace
       "%" "%%"
       (concat " " (propertize (concat state (and outcome (concat ", " outcome)))
                               'face (cofferdam--state-face session))
               (and (cofferdam-session-applied session) ", applied")
               (and (cofferdam-session-findings session)
                    (propertize (format ", %s" (cofferdam--plural
                                                (length (cofferdam-session-findings session))
                                                "finding"))
                                'face 'cofferdam-warning))
               (when-let ((news (cofferdam--session-news session))) (concat "  " news))
               (and (cofferdam-session-model session)
                    (format "  %s" (cofferdam--one-line
                                    (cofferdam-session-model session) 40)))
               (and (> tokens 0)
                    (format "  %s tokens" (file-size-human-readable tokens 'si)))
               (and (cofferdam-session-pending session)
                    (propertize "  waits for you: a approves, r rejects"
                                'face 'cofferdam-warning)))))))

(defun cofferdam--state-face (session)
  "Return the face for the state of SESSION."
  (let ((outcome (cofferdam-session-outcome session)))
    (pcase (cofferdam-session-state session)
      ("waiting" 'cofferdam-warning)
      ("failed" 'cofferdam-failure)
      ((or "queued" "starting" "running") 'cofferdam-tool)
      (_ (cond ((member outcome '("verified" "answered")) 'cofferdam-success)
               ((equal outcome "failed") 'cofferdam-failure)
               (outcome 'cofferdam-warning)
               (t 'cofferdam-meta))))))

(defun cofferdam--transcript-buffer (session)
  "Return the transcript buffer of SESSION; make it if there is none."
  (let ((buffer (cofferdam-session-buffer session)))
    (if (buffer-live-p buffer)
        buffer
      (setq buffer (generate-new-buffer
                    (format "*cofferdam: %s*" (cofferdam--session-label session))))
      (setf (cofferdam-session-buffer session) buffer)
      (with-current-buffer buffer
        (cofferdam-transcript-mode)
        (setq cofferdam--session session)
        (when (cofferdam-session-root session)
          (setq default-directory (cofferdam-session-root session)))
        (when (cofferdam-session-partial session)
          (cofferdam--emit (substitute-command-keys
                            "[\\<cofferdam-transcript-mode-map>\\[cofferdam-transcript-refresh] \
shows what was before]\n")
                           'face 'cofferdam-meta)))
      buffer)))

(defun cofferdam-transcript-next (&optional count)
  "Move to the next prompt, tool call or end; COUNT times."
  (interactive "p")
  (dotimes (_ (or count 1))
    (goto-char (or (next-single-property-change (point) 'cofferdam-item) (point-max)))
    (unless (or (eobp) (get-text-property (point) 'cofferdam-item))
      (goto-char (or (next-single-property-change (point) 'cofferdam-item)
                     (point-max))))))

(defun cofferdam-transcript-previous (&optional count)
  "Move to the previous prompt, tool call or end; COUNT times."
  (interactive "p")
  (dotimes (_ (or count 1))
    (goto-char (or (previous-single-property-change (point) 'cofferdam-item)
                   (point-min)))
    (unless (or (bobp) (get-text-property (point) 'cofferdam-item))
      (goto-char (or (previous-single-property-change (point) 'cofferdam-item)
                     (point-min))))))

(defun cofferdam--toggle-invisible (element)
  "Show or hide text by ELEMENT of the buffer's invisibility specification."
  (if (and (listp buffer-invisibility-spec)
           (member element buffer-invisibility-spec))
      (remove-from-invisibility-spec element)
    (add-to-invisibility-spec element))
  (force-window-update (current-buffer)))

(defun cofferdam-transcript-toggle-reasoning ()
  "Show or hide the model's reasoning in this transcript."
  (interactive)
  (cofferdam--toggle-invisible 'cofferdam-reasoning))

(defun cofferdam-transcript-toggle-output ()
  "Show or hide the output of commands and patches in this transcript."
  (interactive)
  (cofferdam--toggle-invisible '(cofferdam-output . t)))

(defun cofferdam-transcript-refresh ()
  "Attach to this transcript's session again, for events that were missed."
  (interactive)
  (let ((session cofferdam--session))
    (unless session (user-error "This buffer has no session"))
    (cofferdam--with-connection
     (cofferdam-session-root session)
     (lambda (conn) (cofferdam--attach conn (cofferdam-session-id session))))))

(provide 'cofferdam-transcript)
;;; cofferdam-transcript.el ends here
