;;; cofferdam.el --- A coding agent whose work happens in a sandbox  -*- lexical-binding: t; -*-

;; Copyright (C) 2025 The Cofferdam authors

;; Author: The Cofferdam authors
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: tools, convenience, languages
;; URL: https://github.com/cofferdam/cofferdam
;; SPDX-License-Identifier: Apache-2.0

;; Licensed under the Apache License, Version 2.0 (the "License");
;; you may not use this file except in compliance with the License.
;; You may obtain a copy of the License at
;;
;;     http://www.apache.org/licenses/LICENSE-2.0
;;
;; Unless required by applicable law or agreed to in writing, software
;; distributed under the License is distributed on an "AS IS" BASIS,
;; WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
;; See the License for the specific language governing permissions and
;; limitations under the License.

;;; Commentary:

;; Cofferdam takes a task in plain words, works on it in a sandbox of
;; its own, builds and tests there, and hands back a result that you
;; look at and apply.  Your files are not touched until then.
;;
;;   (global-set-key (kbd "C-c a") 'cofferdam-command-map)
;;
;; and then C-c a c in a buffer of the project.  While it works,
;; compiler messages appear as Flymake diagnostics, the transcript
;; grows in a buffer of its own, and what needs your approval is shown
;; without taking the keyboard from you.  M-x cofferdam-doctor checks
;; the set-up; the manual is in Info, see M-x cofferdam-manual.

;;; Code:

(require 'cofferdam-core)
(require 'cofferdam-client)
(require 'cofferdam-window)
(require 'cofferdam-documents)
(require 'cofferdam-diagnostics)
(require 'cofferdam-edit)
(require 'cofferdam-session)
(require 'cofferdam-review)
(require 'cofferdam-actions)
(require 'cofferdam-transcript)
(require 'cofferdam-render)
(require 'cofferdam-problems)
(require 'cofferdam-approval)
(require 'cofferdam-list)
(require 'cofferdam-doctor)

(declare-function cofferdam-menu "cofferdam-menu")
(autoload 'cofferdam-menu "cofferdam-menu" "Menu of Cofferdam." t)

(defcustom cofferdam-display-transcript t
  "Whether the transcript is displayed when a session starts."
  :type 'boolean
  :group 'cofferdam
  :package-version '(cofferdam . "0.1.0"))

(defvar cofferdam-prompt-history nil
  "History of prompts.")

;;; Starting

(defun cofferdam--selection (root)
  "Return the active region as a Selection of the protocol; ROOT is the project's."
  (when (and (use-region-p) buffer-file-name (cofferdam--inside-p buffer-file-name root))
    (let ((beg (region-beginning)) (end (region-end)))
      (list :path (cofferdam--relative buffer-file-name root)
            :range (cofferdam--text-range beg end)
            :text (buffer-substring-no-properties beg end)))))

(defun cofferdam--context (root beg end)
  "Return a PromptContext: the active region and the diagnostics from BEG to END.
ROOT is the project's.  Without BEG there are no diagnostics; nil means
that there is nothing at all."
  (let ((selection (cofferdam--selection root))
        (diagnostics (and beg buffer-file-name (cofferdam--inside-p buffer-file-name root)
                          (cofferdam--diagnostics-in beg end root))))
    `(,@(and selection (list :selections (vector selection)))
      ,@(and diagnostics (list :diagnostics (vconcat diagnostics))))))

(defun cofferdam--display-transcript (session &optional select)
  "Display the transcript of SESSION; SELECT its window if that is non-nil."
  (let ((buffer (cofferdam--transcript-buffer session)))
    (with-current-buffer buffer (goto-char (point-max)))
    (funcall (if select #'pop-to-buffer #'display-buffer) buffer)
    (dolist (window (get-buffer-window-list buffer nil t))
      (set-window-point window (with-current-buffer buffer (point-max))))))

(defconst cofferdam--image-bytes 3750000
  "Bytes of a picture that the service takes.")

(defvar cofferdam--images nil
  "Pictures that the next prompt takes along, the newest first.")

(defun cofferdam--read-image (file)
  "Return the picture FILE as a PromptImage of the protocol."
  (let ((size (file-attribute-size (file-attributes (file-truename file)))))
    (when (> (or size 0) cofferdam--image-bytes)
      (user-error "%s has more than %d bytes; make a smaller copy"
                  (file-name-nondirectory file) cofferdam--image-bytes)))
  (with-temp-buffer
    (set-buffer-multibyte nil)
    (insert-file-contents-literally file nil 0 (1+ cofferdam--image-bytes))
    (list :data (base64-encode-string (buffer-string) t)
          :name (file-name-nondirectory file))))

;;;###autoload
(defun cofferdam-attach-image (file &optional clear)
  "Let the next prompt take the picture FILE along: PNG, JPEG, GIF or WebP.
That is the prompt of a new session or a further one.  Several may wait.
With a prefix argument CLEAR, drop those that wait, and take none."
  (interactive (if current-prefix-arg (list nil t)
                 (list (read-file-name "Picture: " nil nil t))))
  (when clear (setq cofferdam--images nil))
  (when file (push (cofferdam--read-image (expand-file-name file)) cofferdam--images))
  (message "Cofferdam: %s"
           (if cofferdam--images
               (concat "with the next prompt: "
                       (mapconcat (lambda (image) (plist-get image :name))
                                  (reverse cofferdam--images) ", "))
             "no picture waits")))

(defun cofferdam--take-images ()
  "Return the pictures that wait, the newest first, and let none wait."
  (prog1 cofferdam--images
    (setq cofferdam--images nil)))

(defun cofferdam--image-members (images)
  "Return IMAGES as members of a request."
  (and images (list :images (vconcat (reverse images)))))

(defun cofferdam--not-sent (images)
  "Return a function to show an error and let IMAGES wait again."
  (lambda (text)
    (setq cofferdam--images (append cofferdam--images images))
    (message "Cofferdam: %s" text)))

(defun cofferdam--start (root prompt context)
  "Start a session on ROOT with PROMPT and CONTEXT."
  (cofferdam--with-connection
   root
   (lambda (conn)
     (let ((images (cofferdam--take-images)))
       (cofferdam--request
        conn 'agent/start
        `( :prompt ,prompt
           :workspaceFolder ,(directory-file-name root)
           ,@(and context (list :context context))
           ,@(cofferdam--image-members images)
           ,@(and cofferdam-model (list :model cofferdam-model)))
        :on-error (cofferdam--not-sent images)
        :on-success
        (lambda (result)
          (cofferdam--started conn (plist-get result :sessionId)
                              (car (split-string prompt "\n" t)))))))))

(defun cofferdam--started (conn id title)
  "Show the session ID, which was started through CONN with TITLE or nil."
  (let ((session (cofferdam--session-of id (cofferdam--conn-root conn))))
    (setf (cofferdam-session-conn session) conn)
    (when title
      (setf (cofferdam-session-title session) (cofferdam--one-line title 80)))
    (with-current-buffer (cofferdam--transcript-buffer session)
      (rename-buffer (format "*cofferdam: %s*" (cofferdam--session-label session)) t))
    (when cofferdam-display-transcript
      (cofferdam--display-transcript session))))

(defun cofferdam--command-started (conn result)
  "Show the session that RESULT of a code action's command of CONN names, if any."
  (when-let ((id (and (listp result) (plist-get result :sessionId))))
    (cofferdam--started conn id nil)))

(add-hook 'cofferdam--started-functions #'cofferdam--command-started)

(defun cofferdam--read-prompt (label &optional initial)
  "Read a prompt in the minibuffer after LABEL, with INITIAL text."
  (let ((prompt (string-trim (read-string label initial 'cofferdam-prompt-history))))
    (when (string-empty-p prompt) (user-error "Nothing asked"))
    prompt))

;;;###autoload
(defun cofferdam-start (prompt &optional diagnostics)
  "Start a session on the current project for the task PROMPT.
The active region goes along.  With a prefix argument DIAGNOSTICS, so do
the diagnostics of the region or else of the whole buffer, Flymake's and
Flycheck's, whatever server or linter they are of."
  (interactive (list (cofferdam--read-prompt
                      (if (use-region-p) "Ask about the region: " "Ask Cofferdam: "))
                     current-prefix-arg))
  (let ((root (cofferdam--root)))
    (cofferdam--start root prompt
                      (cofferdam--context
                       root
                       (and diagnostics (if (use-region-p) (region-beginning) (point-min)))
                       (and diagnostics (if (use-region-p) (region-end) (point-max)))))))

;;;###autoload
(defun cofferdam-fix (&optional whole-buffer)
  "Start a session that fixes the diagnostics in the region or on this line.
With a prefix argument WHOLE-BUFFER, those of the whole buffer.  The
diagnostics of Flymake and of Flycheck count, whoever found them."
  (interactive "P")
  (unless buffer-file-name (user-error "This buffer visits no file"))
  (let* ((root (cofferdam--root))
         (beg (cond (whole-buffer (point-min))
                    ((use-region-p) (region-beginning))
                    (t (line-beginning-position))))
         (end (cond (whole-buffer (point-max))
                    ((use-region-p) (region-end))
                    ;; The line's end counts too, as missing semicolons are there.
                    (t (min (point-max) (1+ (line-end-position))))))
         (context (cofferdam--context root beg end))
         (diagnostics (plist-get context :diagnostics)))
    (unless diagnostics
      (user-error "No diagnostics here%s"
                  (if whole-buffer "" "; with a prefix argument, take the whole buffer")))
    (cofferdam--start root (cofferdam--fix-prompt diagnostics) context)))

(defun cofferdam--fix-prompt (diagnostics)
  "Return a prompt that asks to fix DIAGNOSTICS, a vector of the protocol's."
  (let ((first (aref diagnostics 0)))
    (if (= (length diagnostics) 1)
        (format "Fix this %s in %s: %s" (plist-get first :severity)
                (plist-get first :path) (plist-get first :message))
      (format "Fix these %d diagnostics in %s."
              (length diagnostics) (plist-get first :path)))))

;;; Going on

(defvar cofferdam--chosen-models (make-hash-table :test #'equal)
  "Models that the user chose for sessions, by the sessions' ids.")

;;;###autoload
(defun cofferdam-prompt (text &optional steer)
  "Give a session a further prompt TEXT, for after its running turn.
With a prefix argument STEER, the running turn gets it before its next step.
The active region goes along."
  (interactive (list (cofferdam--read-prompt
                      (if current-prefix-arg "Steer: " "Then: "))
                     current-prefix-arg))
  (let* ((session (cofferdam--read-session
                   "Session"
                   (lambda (session)
                     (not (member (cofferdam-session-state session)
                                  '("stopped" "failed"))))))
         (conn (cofferdam--session-connection session))
         (context (cofferdam--context (cofferdam-session-root session) nil nil))
         (images (cofferdam--take-images)))
    (cofferdam--request
     conn 'agent/prompt
     `( :sessionId ,(cofferdam-session-id session)
        :text ,text
        :delivery ,(if steer "steer" "queue")
        ,@(and context (list :context context))
        ,@(cofferdam--image-members images)
        ,@(when-let ((model (gethash (cofferdam-session-id session)
                                     cofferdam--chosen-models)))
            (list :model model :keepModel t)))
     :on-error (cofferdam--not-sent images)
     :on-success (lambda (_)
                   (message "Cofferdam: %s"
                            (if steer "the running turn will read it" "queued"))))))

;;;###autoload
(defun cofferdam-choose-model ()
  "Choose another model for a session, from its next prompt on.
The names are those of the service's models, and of roles that have a list."
  (interactive)
  (let ((session (cofferdam--read-session "Session" #'cofferdam--live-p)))
    (cofferdam--request
     (cofferdam--session-connection session) 'agent/models (make-hash-table)
     :on-success
     (lambda (result)
       (let ((name (completing-read
                    "Model: "
                    (mapcar #'cofferdam--one-line (plist-get result :names))
                    nil t)))
         (unless (string-empty-p name)
           (puthash (cofferdam-session-id session) name cofferdam--chosen-models)
           (message "Cofferdam: the next prompt is for %s" name)))))))

;;;###autoload
(defun cofferdam-cancel ()
  "End the running turn of a session; the session stays."
  (interactive)
  (let ((session (cofferdam--read-session "Cancel" #'cofferdam--running-p)))
    (cofferdam--request (cofferdam--session-connection session) 'agent/cancel
                        (list :sessionId (cofferdam-session-id session)))))

;;;###autoload
(defun cofferdam-stop ()
  "End a session and its sandbox; its transcript and its result stay."
  (interactive)
  (let ((session (cofferdam--read-session
                  "Stop" (lambda (session)
                             (not (member (cofferdam-session-state session)
                                          '("stopped" "failed")))))))
    (when (or (not (cofferdam--running-p session))
              (not (called-interactively-p 'interactive))
              (y-or-n-p (format "%s is running; stop it? "
                                (cofferdam--session-label session))))
      (cofferdam--request (cofferdam--session-connection session) 'agent/stop
                          (list :sessionId (cofferdam-session-id session))))))

;;;###autoload
(defun cofferdam-fork (step prompt)
  "Begin a session with the files and the conversation of another one at STEP.
The transcript has the numbers of the steps; without one it is the newest.
With a PROMPT that is not empty the new session goes to work at once."
  (interactive
   (list (let ((text (read-string "Step (newest): ")))
           (unless (string-empty-p text) (string-to-number text)))
         (read-string "What is the fork to do? (nothing yet): ")))
  (let* ((session (cofferdam--read-session "Fork" #'cofferdam--live-p))
         (conn (cofferdam--session-connection session)))
    (cofferdam--request
     conn 'agent/fork
     `( :sessionId ,(cofferdam-session-id session)
        ,@(and step (list :step step))
        ,@(unless (string-blank-p prompt) (list :prompt prompt)))
     :on-success (lambda (result)
                   (cofferdam--attach-and-show conn (plist-get result :sessionId))))))

;;;###autoload
(defun cofferdam-restore (step)
  "Set a session's files and conversation back to STEP, or forward again.
What runs in it is ended.  What you applied stays."
  (interactive "nBack to step: ")
  (let ((session (cofferdam--read-session "Set back" #'cofferdam--live-p)))
    (cofferdam--request (cofferdam--session-connection session) 'agent/restore
                        (list :sessionId (cofferdam-session-id session) :step step)
                        :on-success (lambda (_)
                                      (message "Cofferdam: back at step %d" step)))))

;;;###autoload
(defun cofferdam-publish (&optional branch-only)
  "Push what a session changed, with a draft of a pull or merge request.
Once more after further steps, it brings both up to date.  With a prefix
argument, BRANCH-ONLY, there is no pull or merge request.  You are asked first
when no checks verify the result, or when it changes files that run with
others' rights once they are pushed."
  (interactive "P")
  (cofferdam--publish-session (cofferdam--read-session "Publish") branch-only nil))

(defun cofferdam--publish-session (session branch-only approved)
  "Publish SESSION, only as a branch if BRANCH-ONLY; the user APPROVED these."
  (cofferdam--request
   (cofferdam--session-connection session) 'agent/publish
   `( :sessionId ,(cofferdam-session-id session)
      :kind ,(if branch-only "branch" "changeRequest")
      ,@(and approved (list :approved approved)))
   :on-success
   (lambda (result)
     (let ((needed (plist-get result :needsApproval)))
       (cond
        ((zerop (length needed))
         (message "Cofferdam: pushed %s to %s%s"
                  (cofferdam--one-line (plist-get result :branch))
                  (cofferdam--one-line (or (plist-get result :url) (plist-get result :remote)))
                  (mapconcat (lambda (note) (concat "; " (cofferdam--one-line note)))
                             (plist-get result :notes) "")))
        ;; Something new came up meanwhile: no yes to what was not seen.
        (approved (message "Cofferdam: not published, the session has changed; publish once more"))
        ((y-or-n-p (cofferdam--publish-question needed))
         (cofferdam--publish-session session branch-only needed))
        (t (message "Cofferdam: nothing was published")))))))

(defun cofferdam--publish-question (needed)
  "Return the question for what is NEEDED from the user."
  (concat (mapconcat (lambda (name)
                       (cond ((equal name "unverified") "No checks verify it.  ")
                             ((string-prefix-p "path:" name)
                              (format "It changes %s.  " (cofferdam--one-line (substring name 5))))
                             (t (concat (cofferdam--one-line name) ".  "))))
                     (seq-take needed 6) "")
          (if (> (length needed) 6) (format "And %d more.  " (- (length needed) 6)) "")
          "Publish it? "))

(defun cofferdam--live-p (session)
  "Return non-nil when SESSION still has its sandbox."
  (not (member (cofferdam-session-state session) '("stopped" "failed"))))

;;;###autoload
(defun cofferdam-transcript ()
  "Show the transcript of a session."
  (interactive)
  (let ((session (cofferdam--read-session "Transcript of")))
    (if (and (buffer-live-p (cofferdam-session-buffer session))
             (not (cofferdam-session-partial session)))
        (cofferdam--display-transcript session t)
      (cofferdam--with-connection
       (cofferdam-session-root session)
       (lambda (conn)
         (cofferdam--attach-and-show conn (cofferdam-session-id session)))))))

(defun cofferdam--attach-and-show (conn id)
  "Attach to the session ID through CONN and show its transcript."
  (cofferdam--attach
   conn id
   (lambda (session)
     (let ((buffer (cofferdam--transcript-buffer session)))
       (with-current-buffer buffer
         (rename-buffer (format "*cofferdam: %s*" (cofferdam--session-label session)) t))
       (cofferdam--flush buffer)
       (cofferdam--display-transcript session t)))))

;;;###autoload
(defun cofferdam-attach (&optional all)
  "Attach to a session on this project and show its transcript from the start.
With a prefix argument ALL, choose from the sessions of all projects.
Also after Emacs or the language server has ended: sessions live in the
service."
  (interactive "P")
  (let* ((conn (cofferdam--wait-connection (cofferdam--root)))
         (result (cofferdam--call conn 'agent/list (cofferdam--list-parameters all conn)))
         (sessions (mapcar (lambda (summary) (car (cofferdam--list-entry summary)))
                           (plist-get result :sessions)))
         (session (or (cofferdam--choose "Attach to" sessions)
                      (user-error "The service has no session%s"
                                  (if all "" " on this project")))))
    (cofferdam--attach-and-show conn (cofferdam-session-id session))))

;;; The rest

;;;###autoload
(defun cofferdam-disconnect ()
  "End the language server of this project; sessions go on in the service."
  (interactive)
  (if-let ((conn (gethash (cofferdam--root) cofferdam--connections)))
      (cofferdam--disconnect conn)
    (user-error "No language server runs for this project")))

;;;###autoload
(defun cofferdam-manual ()
  "Show the manual."
  (interactive)
  (info "(cofferdam)"))

(defun cofferdam--lighter-state ()
  "Return the mode line's text about this project's sessions, or nil."
  (when-let ((conn cofferdam--doc-conn))
    (let ((running nil) (waiting nil))
      (maphash (lambda (_ session)
                 (when (equal (cofferdam-session-root session) (cofferdam--conn-root conn))
                   (when (cofferdam-session-pending session) (setq waiting t))
                   (when (cofferdam--running-p session) (push session running))))
               cofferdam--sessions)
      (cond (waiting (propertize "?" 'face 'cofferdam-warning))
            ((cdr running) (format ":%d" (length running)))
            (running (concat ":run" (cofferdam--lighter-delta (car running))))))))

(defun cofferdam--lighter-delta (session)
  "Return the mode line's text about the diagnostics of SESSION, or nil.
For example \"+2-1=3\": two are new, one is fixed, three remain."
  (when-let ((news (cofferdam--session-news session)))
    (let ((delta (cofferdam--session-delta session)))
      (propertize (format "+%d-%d=%d" (plist-get delta :new) (plist-get delta :fixed)
                          (plist-get delta :remaining))
                  'help-echo (concat "Diagnostics: " news)))))

(setq cofferdam-lighter-function #'cofferdam--lighter-state)

;;;###autoload (autoload 'cofferdam-command-map "cofferdam" "Keymap of Cofferdam." nil 'keymap)
(define-prefix-command 'cofferdam-command-map)
(pcase-dolist (`(,key . ,command)
               '(("c" . cofferdam-start) ("f" . cofferdam-fix) ("i" . cofferdam-prompt)
                 ("k" . cofferdam-cancel) ("K" . cofferdam-stop) ("l" . cofferdam-list)
                 ("r" . cofferdam-attach) ("y" . cofferdam-approve)
                 ("n" . cofferdam-reject) ("d" . cofferdam-diff) ("a" . cofferdam-apply)
                 ("U" . cofferdam-undo) ("P" . cofferdam-publish)
                 ("F" . cofferdam-fork) ("u" . cofferdam-restore)
                 ("x" . cofferdam-tool-fix) ("X" . cofferdam-tool-fix-all)
                 ("." . cofferdam-code-action) ("e" . cofferdam-diagnostics)
                 ("t" . cofferdam-transcript) ("?" . cofferdam-doctor)
                 ("m" . cofferdam-menu)))
  (define-key 'cofferdam-command-map key command))

(provide 'cofferdam)
;;; cofferdam.el ends here
