;;; cofferdam-list.el --- A list of sessions  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; `cofferdam-list' shows the sessions that the service knows, also
;; those that other clients started.

;;; Code:

(require 'cofferdam-session)
(require 'tabulated-list)

(defconst cofferdam--list-limit 200
  "Sessions asked for at once; the protocol's own maximum.")

(defvar-local cofferdam--list-conn nil
  "The connection that this list is asked from.")
(defvar-local cofferdam--list-all nil
  "Whether this list has the sessions of all projects.")

(defvar cofferdam-list-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'cofferdam-list-attach)
    (define-key map "d" 'cofferdam-diff)
    (define-key map "A" 'cofferdam-apply)
    (define-key map "i" 'cofferdam-prompt)
    (define-key map "k" 'cofferdam-cancel)
    (define-key map "K" 'cofferdam-stop)
    (define-key map "*" #'cofferdam-list-toggle-all)
    map)
  "Keymap of `cofferdam-list-mode'.")

(define-derived-mode cofferdam-list-mode tabulated-list-mode "Cofferdam"
  "Major mode of the list of sessions.

\\{cofferdam-list-mode-map}"
  :group 'cofferdam
  (setq tabulated-list-format
        [("State" 9 t) ("Outcome" 10 t) ("Changed" 11 t) ("Asks" 4 nil)
         ("Title" 44 t) ("Project" 0 t)]
        tabulated-list-padding 1
        tabulated-list-sort-key nil)
  (setq-local revert-buffer-function (lambda (&rest _) (cofferdam-list-refresh)))
  (add-hook 'post-command-hook #'cofferdam--list-track nil t)
  (tabulated-list-init-header))

(defun cofferdam--list-track ()
  "Make the session of this line the one that commands are about."
  (setq cofferdam--session (tabulated-list-get-id)))

(defun cofferdam--list-entry (summary)
  "Return the line of SUMMARY, a SessionSummary of the protocol."
  (let* ((session (cofferdam--session-of (plist-get summary :sessionId)
                                         (cofferdam--list-root summary)))
         (updated (plist-get summary :updatedAt))
         (asks (length (plist-get summary :pendingApprovals))))
    (cofferdam--session-update-from session summary)
    (list session
          (vector (propertize (or (plist-get summary :state) "")
                              'face (if (> asks 0) 'cofferdam-warning 'default))
                  (concat (plist-get summary :outcome)
                          (and (eq (plist-get summary :applied) t) "*"))
                  (if (integerp updated)
                      (cofferdam--ago (- (float-time) (/ updated 1000.0)))
                    "")
                  (if (> asks 0) (number-to-string asks) "")
                  (cofferdam--one-line (plist-get summary :title) 80)
                  (abbreviate-file-name
                   (cofferdam--one-line (plist-get summary :workspaceFolder)))))))

(defun cofferdam--list-root (summary)
  "Return the directory name of SUMMARY's workspace folder."
  (let ((folder (or (plist-get summary :workspaceFolder) "/")))
    (file-name-as-directory
     (if (string-prefix-p "file:" folder) (cofferdam--uri-to-path folder) folder))))

(defun cofferdam--ago (seconds)
  "Return in words that something was SECONDS ago."
  (cond ((< seconds 60) "now")
        ((< seconds 3600) (format "%d min" (/ seconds 60)))
        ((< seconds 86400) (format "%d h" (/ seconds 3600)))
        (t (format "%d days" (/ seconds 86400)))))

(defun cofferdam--list-parameters (all conn)
  "Return the parameters of agent/list; for ALL projects or CONN's."
  `( :limit ,cofferdam--list-limit
     ,@(unless all
         (list :workspaceFolder (directory-file-name (cofferdam--conn-root conn))))))

(defun cofferdam-list-refresh ()
  "Ask the service for its sessions again."
  (interactive)
  (let ((buffer (current-buffer)))
    (cofferdam--request
     cofferdam--list-conn 'agent/list
     (cofferdam--list-parameters cofferdam--list-all cofferdam--list-conn)
     :on-success
     (lambda (result)
       (when (buffer-live-p buffer)
         (with-current-buffer buffer
           (setq tabulated-list-entries
                 (mapcar #'cofferdam--list-entry (plist-get result :sessions)))
           (tabulated-list-print t)
           (cofferdam--list-track)
           (setq mode-line-process
                 (if (plist-get result :nextCursor) " (newest)" ""))
           (unless tabulated-list-entries
             (message "No sessions%s" (if cofferdam--list-all
                                          "" " on this project; * shows all")))))))))

(defun cofferdam-list-toggle-all ()
  "List the sessions of all projects, or of this one only."
  (interactive)
  (setq cofferdam--list-all (not cofferdam--list-all))
  (cofferdam-list-refresh))

(defun cofferdam-list-attach ()
  "Attach to the session of this line and show its transcript."
  (interactive)
  (let ((session (or (tabulated-list-get-id) (user-error "No session here"))))
    (cofferdam--list-visit session)))

(declare-function cofferdam--attach-and-show "cofferdam")

(defun cofferdam--list-visit (session)
  "Attach to SESSION and show its transcript."
  (cofferdam--attach-and-show cofferdam--list-conn (cofferdam-session-id session)))

;;;###autoload
(defun cofferdam-list (&optional all)
  "List the sessions on this project, or with a prefix argument ALL of them."
  (interactive "P")
  (cofferdam--with-connection
   (cofferdam--root)
   (lambda (conn)
     (with-current-buffer (get-buffer-create "*cofferdam sessions*")
       (unless (derived-mode-p 'cofferdam-list-mode) (cofferdam-list-mode))
       (setq cofferdam--list-conn conn
             cofferdam--list-all (and all t)
             default-directory (cofferdam--conn-root conn))
       (cofferdam-list-refresh)
       (pop-to-buffer (current-buffer))))))

(provide 'cofferdam-list)
;;; cofferdam-list.el ends here
