;;; cofferdam-doctor.el --- Is everything in order?  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; `cofferdam-doctor' checks this Emacs, the program, the language
;; server and, through `cofferdam doctor', the service and the sandbox.

;;; Code:

(require 'cofferdam-client)
(require 'cofferdam-window)

(defconst cofferdam--doctor-seconds 60
  "A `cofferdam doctor' that runs longer is killed.")

(defvar cofferdam-doctor-mode-map (make-sparse-keymap)
  "Keymap of `cofferdam-doctor-mode'.")

(define-derived-mode cofferdam-doctor-mode special-mode "Cofferdam-Doctor"
  "Major mode of the health check's buffer."
  :group 'cofferdam
  (setq-local revert-buffer-function (lambda (&rest _) (cofferdam-doctor))))

(defun cofferdam--doctor-line (state text &optional hint)
  "Insert TEXT with a mark for STATE (`ok', `bad' or `note'), and HINT."
  (let ((inhibit-read-only t))
    (goto-char (point-max))
    (insert (pcase state
              ('ok (propertize "ok    " 'face 'cofferdam-success))
              ('bad (propertize "wrong " 'face 'cofferdam-failure))
              (_ (propertize "note  " 'face 'cofferdam-meta)))
            text "\n")
    (when hint
      (insert "      " (propertize hint 'face 'cofferdam-meta) "\n"))))

(defun cofferdam--doctor-emacs ()
  "Check this Emacs."
  (cofferdam--doctor-line 'ok (format "Emacs %s" emacs-version))
  (if (fboundp 'json-serialize)
      (cofferdam--doctor-line 'ok "fast JSON is built in")
    (cofferdam--doctor-line 'bad "this Emacs was built without JSON support"
                            "It works, but slowly; use an Emacs with libjansson or Emacs 30."))
  (when (< read-process-output-max (* 64 1024))
    (cofferdam--doctor-line
     'note (format "read-process-output-max is %d" read-process-output-max)
     "(setq read-process-output-max (* 1024 1024)) makes heavy output cheaper.")))

(defun cofferdam--doctor-program ()
  "Check that the program is there; return its path or nil."
  (let ((program (executable-find (car cofferdam-command))))
    (if program
        (cofferdam--doctor-line 'ok (format "program %s" program))
      (cofferdam--doctor-line
       'bad (format "cannot find %s" (car cofferdam-command))
       "Install Cofferdam, add its directory to exec-path, or set cofferdam-command."))
    program))

(defun cofferdam--doctor-server (conn)
  "Report on CONN."
  (let ((info (cofferdam--conn-server-info conn))
        (own (plist-get (plist-get (cofferdam--conn-capabilities conn) :experimental)
                        :cofferdam)))
    (cofferdam--doctor-line
     'ok (format "language server %s %s for %s"
                 (cofferdam--one-line (plist-get info :name) 40)
                 (cofferdam--one-line (plist-get info :version) 40)
                 (abbreviate-file-name (cofferdam--conn-root conn))))
    (cofferdam--doctor-line 'ok (format "positions in %s" (cofferdam--conn-encoding conn)))
    (if own
        (cofferdam--doctor-line 'ok (format "agent protocol %s, %s"
                                            (plist-get own :protocolVersion)
                                            (cofferdam--plural
                                             (length (plist-get own :methods)) "method")))
      (cofferdam--doctor-line 'bad "the server does not announce the agent protocol"
                              "Is cofferdam-command the Cofferdam language server?"))))

(defun cofferdam--doctor-run (program buffer)
  "Run `PROGRAM doctor' and append what it writes to BUFFER."
  (let ((process (make-process
                  :name "cofferdam doctor"
                  :command (list program "doctor")
                  :connection-type 'pipe
                  :noquery t
                  :filter (lambda (_ output) (cofferdam--doctor-append buffer output))
                  :sentinel
                  (lambda (process _)
                    (unless (process-live-p process)
                      (when (buffer-live-p buffer)
                        (with-current-buffer buffer
                          (cofferdam--doctor-line
                           (if (eq 0 (process-exit-status process)) 'ok 'bad)
                           (format "cofferdam doctor ended with %d"
                                   (process-exit-status process))))))))))
    (run-at-time cofferdam--doctor-seconds nil
                 (lambda () (when (process-live-p process) (delete-process process))))))

(defun cofferdam--doctor-append (buffer text)
  "Append TEXT, output of the program, to BUFFER."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (let ((inhibit-read-only t))
        (goto-char (point-max))
        (insert (apply #'propertize (cofferdam--neutralise text)
                       '(line-prefix "      ")))))))

(defun cofferdam--doctor-log ()
  "Insert the newest lines of the server's log."
  (when cofferdam--log
    (let ((inhibit-read-only t))
      (goto-char (point-max))
      (insert "\nNewest lines of the server's log:\n")
      (dolist (line (reverse (seq-take cofferdam--log 20)))
        (insert "  " line "\n")))))

;;;###autoload
(defun cofferdam-doctor ()
  "Check Emacs, the language server, the service and the sandbox."
  (interactive)
  (let ((root (cofferdam--root))
        (buffer (get-buffer-create "*cofferdam doctor*")))
    (with-current-buffer buffer
      (unless (derived-mode-p 'cofferdam-doctor-mode) (cofferdam-doctor-mode))
      (let ((inhibit-read-only t)) (erase-buffer))
      (setq default-directory root)
      (cofferdam--doctor-emacs)
      (when-let ((program (cofferdam--doctor-program)))
        (condition-case err
            (cofferdam--with-connection
             root
             (lambda (conn)
               (when (buffer-live-p buffer)
                 (with-current-buffer buffer
                   (cofferdam--doctor-server conn)
                   (cofferdam--doctor-log)
                   (cofferdam--doctor-run program buffer)))))
          (error (cofferdam--doctor-line
                  'bad (cofferdam--one-line (error-message-string err)))))))
    (display-buffer buffer)))

(provide 'cofferdam-doctor)
;;; cofferdam-doctor.el ends here
