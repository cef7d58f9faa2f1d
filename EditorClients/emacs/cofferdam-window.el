;;; cofferdam-window.el --- The window/ methods of LSP  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Messages, log, progress, documents to show, and the few requests that
;; need no more than a word.

;;; Code:

(require 'cofferdam-client)

(defvar cofferdam--log nil
  "Newest lines of the server's log, newest first; see `cofferdam-doctor'.")

(defconst cofferdam--log-limit 200
  "Lines kept in `cofferdam--log'.")

(defun cofferdam--log (text)
  "Keep TEXT for `cofferdam-doctor'."
  (push (cofferdam--one-line text 500) cofferdam--log)
  (when (nthcdr cofferdam--log-limit cofferdam--log)
    (setcdr (nthcdr (1- cofferdam--log-limit) cofferdam--log) nil)))

(defun cofferdam--handle-show-message (_conn params)
  "Show the message of PARAMS in the echo area."
  (message "Cofferdam: %s" (cofferdam--one-line (plist-get params :message) 500)))

(defun cofferdam--handle-show-message-request (_conn params)
  "Show the message of PARAMS; answer that no action was chosen.
A question must not block Emacs; commands do what its actions offer."
  (message "Cofferdam: %s%s"
           (cofferdam--one-line (plist-get params :message) 500)
           (mapconcat (lambda (action)
                        (format " [%s]" (cofferdam--one-line
                                         (plist-get action :title) 60)))
                      (plist-get params :actions) ""))
  nil)

(defun cofferdam--handle-log-message (_conn params)
  "Keep the message of PARAMS."
  (cofferdam--log (plist-get params :message)))

(defun cofferdam--handle-show-document (conn params)
  "Show the document of PARAMS if it is a file; answer CONN."
  (let ((path (ignore-errors (cofferdam--uri-to-path (plist-get params :uri))))
        (selection (plist-get params :selection)))
    (if (or (not path) (eq (plist-get params :external) t) (not (file-readable-p path)))
        '(:success :json-false)
      (run-at-time 0 nil
                   (lambda ()
                     (let* ((enable-local-variables :safe)
                            (buffer (find-file-noselect path t)))
                       (display-buffer buffer)
                       (when selection
                         (with-current-buffer buffer
                           (goto-char (cofferdam--from-lsp-position
                                       (plist-get selection :start)
                                       (cofferdam--conn-encoding conn))))))))
      '(:success t))))

(defun cofferdam--handle-progress (conn params)
  "Note the progress of PARAMS in CONN for the mode line's help."
  (let* ((token (plist-get params :token))
         (value (plist-get params :value))
         (kind (plist-get value :kind))
         (cell (assoc token (cofferdam--conn-progress conn))))
    (if (equal kind "end")
        (setf (cofferdam--conn-progress conn)
              (delq cell (cofferdam--conn-progress conn)))
      (unless cell
        (setq cell (list token))
        (push cell (cofferdam--conn-progress conn)))
      (when-let ((title (plist-get value :title)))
        (setcdr cell (list (cofferdam--one-line title 60))))
      (when-let ((text (plist-get value :message)))
        (setcdr cell (list (nth 1 cell) (cofferdam--one-line text 80)))))
    (force-mode-line-update t)))

(cofferdam--on-notification 'window/showMessage #'cofferdam--handle-show-message)
(cofferdam--on-notification 'window/logMessage #'cofferdam--handle-log-message)
(cofferdam--on-notification '$/progress #'cofferdam--handle-progress)
(cofferdam--on-request 'window/showMessageRequest
                       #'cofferdam--handle-show-message-request)
(cofferdam--on-request 'window/showDocument #'cofferdam--handle-show-document)
(cofferdam--on-request 'window/workDoneProgress/create #'ignore)
(cofferdam--on-request 'client/registerCapability #'ignore)
(cofferdam--on-request 'client/unregisterCapability #'ignore)
(cofferdam--on-request
 'workspace/workspaceFolders
 (lambda (conn _params)
   (let ((root (directory-file-name (cofferdam--conn-root conn))))
     (vector (list :uri (cofferdam--path-to-uri root)
                   :name (file-name-nondirectory root))))))

(provide 'cofferdam-window)
;;; cofferdam-window.el ends here
