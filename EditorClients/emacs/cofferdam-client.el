;;; cofferdam-client.el --- The connection to `cofferdam lsp'  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; One language server a project root, spoken to through jsonrpc.el.
;; Other files say what they handle with `cofferdam--on-notification'
;; and `cofferdam--on-request', and send with `cofferdam--request' and
;; `cofferdam--notify'.  Nothing here waits for the server: handlers
;; run inside a process filter and must never block or ask; answers to
;; requests are delivered by a timer and may.

;;; Code:

(require 'cofferdam-core)
(require 'jsonrpc)
(require 'project)

(defcustom cofferdam-command '("cofferdam" "lsp")
  "Program and arguments of the Cofferdam language server."
  :type '(repeat string)
  :group 'cofferdam
  :package-version '(cofferdam . "0.1.0"))

(defcustom cofferdam-service-url nil
  "Where the sandbox service listens; nil for the one on this machine.
The URL is unix:/path, ws://host:port or wss://host:port."
  :type '(choice (const :tag "Embedded" nil) string)
  :group 'cofferdam
  :package-version '(cofferdam . "0.1.0"))

(defcustom cofferdam-service-token-file nil
  "File with the token for `cofferdam-service-url'."
  :type '(choice (const :tag "Default" nil) file)
  :group 'cofferdam
  :package-version '(cofferdam . "0.1.0"))

(defcustom cofferdam-model nil
  "Name of a model or a role of the service; nil for its default."
  :type '(choice (const :tag "Default" nil) string)
  :group 'cofferdam
  :package-version '(cofferdam . "0.1.0"))

(defcustom cofferdam-apply-policy 'ask
  "When the result of a session is written into the working tree.
With `ask', Emacs says that there is a result and \\[cofferdam-apply] applies it.
With `verified', a result whose checks all passed is applied at once."
  :type '(choice (const ask) (const verified))
  :group 'cofferdam
  :package-version '(cofferdam . "0.1.0"))

(defconst cofferdam-version "0.1.0"
  "Version of this package.")

(defconst cofferdam--initialize-seconds 30
  "A server that has not answered `initialize' by then is given up.")

(defvar cofferdam-connected-hook nil
  "Hook run when a language server is ready; its argument is the connection.")

(defvar cofferdam--disconnected-functions nil
  "Functions called with a connection that has ended.")

(defvar cofferdam--before-request-functions nil
  "Functions called with the connection before a request is sent.")

(defvar cofferdam--connections (make-hash-table :test #'equal)
  "Map from project root to its `cofferdam-connection'.")

(defvar cofferdam--notification-handlers nil
  "Alist of method symbols and functions of connection and parameters.")

(defvar cofferdam--request-handlers nil
  "Alist of method symbols and functions of connection and parameters.")

(defclass cofferdam-connection (jsonrpc-process-connection)
  ((root :initarg :root :accessor cofferdam--conn-root
         :documentation "Directory name of the project.")
   (state :initform 'starting :accessor cofferdam--conn-state
          :documentation "`starting', `ready', `stopping' or `dead'.")
   (server-info :initform nil :accessor cofferdam--conn-server-info)
   (capabilities :initform nil :accessor cofferdam--conn-capabilities)
   (encoding :initform "utf-16" :accessor cofferdam--conn-encoding
             :documentation "Negotiated position encoding.")
   (waiting :initform nil :accessor cofferdam--conn-waiting
            :documentation "Functions to call once ready, newest first.")
   (progress :initform nil :accessor cofferdam--conn-progress
             :documentation "Alist of tokens and texts of running progress."))
  :documentation "A running `cofferdam lsp'.")

(defun cofferdam--on-notification (method function)
  "Call FUNCTION with connection and parameters on notification METHOD."
  (setf (alist-get method cofferdam--notification-handlers) function))

(defun cofferdam--on-request (method function)
  "Call FUNCTION with connection and parameters on request METHOD.
Its value is the result; it may signal `jsonrpc-error'."
  (setf (alist-get method cofferdam--request-handlers) function))

(defun cofferdam--dispatch-notification (conn method params)
  "Handle notification METHOD with PARAMS from CONN."
  (when-let ((handler (alist-get method cofferdam--notification-handlers)))
    ;; An error must not reach the process filter, which would stop reading.
    (condition-case err
        (funcall handler conn params)
      (error (message "Cofferdam: error in %s: %s" method
                      (cofferdam--one-line (error-message-string err)))))))

(defun cofferdam--dispatch-request (conn method params)
  "Answer request METHOD with PARAMS from CONN."
  (if-let ((handler (alist-get method cofferdam--request-handlers)))
      (funcall handler conn params)
    (jsonrpc-error :code -32601
                   :message (format "Emacs has no method %s" method))))

;;; Finding and starting

(defun cofferdam--live-connections ()
  "Return the connections to running servers."
  (cl-remove-if-not #'jsonrpc-running-p
                    (hash-table-values cofferdam--connections)))

(defun cofferdam--connection-of (path)
  "Return the live connection with the innermost root around PATH, or nil."
  (when (and path (not (file-remote-p path)))
    (let ((true (file-truename path)) (best nil))
      (dolist (conn (cofferdam--live-connections) best)
        (let ((root (cofferdam--conn-root conn)))
          (when (and (string-prefix-p root true)
                     (or (not best)
                         (length> root (length (cofferdam--conn-root best)))))
            (setq best conn)))))))

(defun cofferdam--root ()
  "Return the root of the current project, as a directory name.
Without a project it is the current directory."
  (when (file-remote-p default-directory)
    (user-error "Cofferdam works on local directories only"))
  (if-let ((conn (cofferdam--connection-of (or buffer-file-name
                                               default-directory))))
      (cofferdam--conn-root conn)
    (let ((project (project-current)))
      (file-name-as-directory
       (file-truename (if project (project-root project) default-directory))))))

(defun cofferdam--capabilities ()
  "Return the LSP client capabilities, all of which are real."
  '(:workspace
    ( :applyEdit t
      :workspaceEdit ( :documentChanges t
                       :resourceOperations ["create" "rename" "delete"]
                       :failureHandling "abort")
      :workspaceFolders t)
    :textDocument
    ( :synchronization (:didSave t)
      :publishDiagnostics ( :relatedInformation t
                            :versionSupport t
                            :codeDescriptionSupport t
                            :dataSupport t
                            :tagSupport (:valueSet [1 2]))
      :codeAction ( :codeActionLiteralSupport
                    (:codeActionKind (:valueSet ["" "quickfix" "source" "source.fixAll"]))
                    :isPreferredSupport t))
    :window (:workDoneProgress t :showDocument (:support t))
    :general (:positionEncodings ["utf-32" "utf-16"])))

(defun cofferdam--initialization-options ()
  "Return `initializationOptions' for the user's settings.
Approvals are answered out of band, since jsonrpc.el answers requests at once."
  `( :progress t
     :approve :json-false
     :apply ,(if (eq cofferdam-apply-policy 'verified) "verified" "never")
     :fileEdits "workspaceEdit"
     :showTranscript "never"
     ,@(and cofferdam-model (list :model cofferdam-model))
     ,@(and cofferdam-service-url
            `(:service ( :url ,cofferdam-service-url
                         ,@(and cofferdam-service-token-file
                                (list :tokenFile
                                      (expand-file-name
                                       cofferdam-service-token-file))))))))

(defun cofferdam--quiet-events ()
  "Return the initargs that keep jsonrpc.el from printing every message.
Pretty-printing a stream of output would make Emacs slow."
  (if (memq '-events-buffer-config
            (mapcar #'eieio-slot-descriptor-name
                    (eieio-class-slots 'jsonrpc-connection)))
      '(:events-buffer-config (:size 0 :format full))
    '(:events-buffer-scrollback-size 0)))

(defun cofferdam--connect (root)
  "Start a language server for ROOT and return its connection."
  (let ((name (format "cofferdam %s" (abbreviate-file-name root)))
        (default-directory root)
        ;; Adaptive buffering would add up to 70 ms to each line of output.
        (process-adaptive-read-buffering nil)
        (conn nil))
    (unless (executable-find (car cofferdam-command))
      (user-error "Cannot find %s; install Cofferdam or set cofferdam-command"
                  (car cofferdam-command)))
    (setq conn
          (apply #'make-instance 'cofferdam-connection
                 :name name
                 :root root
                 :request-dispatcher #'cofferdam--dispatch-request
                 :notification-dispatcher #'cofferdam--dispatch-notification
                 :on-shutdown #'cofferdam--disconnected
                 :process (lambda ()
                            (make-process
                             :name name
                             :command cofferdam-command
                             :connection-type 'pipe
                             :coding 'utf-8-emacs-unix
                             :noquery t
                             :stderr (get-buffer-create
                                      (format "*%s stderr*" name))))
                 (cofferdam--quiet-events)))
    (set-process-filter (jsonrpc--process conn) #'cofferdam--filter)
    (puthash root conn cofferdam--connections)
    (cofferdam--initialize conn)
    conn))

(defun cofferdam--filter (process output)
  "Give OUTPUT of PROCESS to jsonrpc.el, one call at a time.
A user's hook that waits for some process while an edit is applied would
else enter jsonrpc.el's filter twice and damage its buffer."
  (if (process-get process 'cofferdam-busy)
      (process-put process 'cofferdam-held
                   (cons output (process-get process 'cofferdam-held)))
    (process-put process 'cofferdam-busy t)
    (unwind-protect
        (while output
          (jsonrpc--process-filter process output)
          (setq output (process-get process 'cofferdam-held))
          (process-put process 'cofferdam-held nil)
          (when output (setq output (apply #'concat (nreverse output)))))
      (process-put process 'cofferdam-busy nil))))

(defun cofferdam--initialize (conn)
  "Send `initialize' to CONN and make it ready when the answer comes."
  (let* ((root (cofferdam--conn-root conn))
         (uri (cofferdam--path-to-uri (directory-file-name root)))
         (timer (run-at-time
                 cofferdam--initialize-seconds nil
                 (lambda ()
                   (when (eq (cofferdam--conn-state conn) 'starting)
                     (cofferdam--give-up
                      conn (format "no answer in %d seconds"
                                   cofferdam--initialize-seconds)))))))
    (jsonrpc-async-request
     conn 'initialize
     (list :processId (emacs-pid)
           :clientInfo (list :name "emacs" :version emacs-version)
           :rootUri uri
           :workspaceFolders
           (vector (list :uri uri
                         :name (file-name-nondirectory
                                (directory-file-name root))))
           :capabilities (cofferdam--capabilities)
           :initializationOptions (cofferdam--initialization-options))
     :timeout nil
     :success-fn (lambda (result)
                   (cancel-timer timer)
                   (run-at-time 0 nil #'cofferdam--initialized conn result))
     :error-fn (lambda (err)
                 (cancel-timer timer)
                 (run-at-time 0 nil #'cofferdam--give-up conn
                              (cofferdam--one-line (plist-get err :message)))))))

(defun cofferdam--give-up (conn reason)
  "End CONN, which did not get ready for REASON."
  (unless (memq (cofferdam--conn-state conn) '(dead stopping))
    (setf (cofferdam--conn-state conn) 'stopping)
    (message "Cofferdam: the language server did not start: %s (M-x cofferdam-doctor)"
             reason)
    (when (jsonrpc-running-p conn)
      (delete-process (jsonrpc--process conn)))))

(defun cofferdam--initialized (conn result)
  "Note RESULT of `initialize' in CONN and run what waits for it."
  (when (jsonrpc-running-p conn)
    (let ((capabilities (plist-get result :capabilities)))
      (setf (cofferdam--conn-capabilities conn) capabilities
            (cofferdam--conn-server-info conn) (plist-get result :serverInfo)
            (cofferdam--conn-encoding conn)
            (or (plist-get capabilities :positionEncoding) "utf-16")
            (cofferdam--conn-state conn) 'ready))
    (jsonrpc-notify conn 'initialized (make-hash-table))
    (run-hook-with-args 'cofferdam-connected-hook conn)
    (let ((waiting (nreverse (cofferdam--conn-waiting conn))))
      (setf (cofferdam--conn-waiting conn) nil)
      (dolist (function waiting)
        (with-demoted-errors "Cofferdam: %S" (funcall function conn))))))

(defun cofferdam--disconnected (conn)
  "Note that CONN has ended."
  (let ((wanted (eq (cofferdam--conn-state conn) 'stopping)))
    (setf (cofferdam--conn-state conn) 'dead
          (cofferdam--conn-waiting conn) nil
          (cofferdam--conn-progress conn) nil)
    (when (eq (gethash (cofferdam--conn-root conn) cofferdam--connections) conn)
      (remhash (cofferdam--conn-root conn) cofferdam--connections))
    (run-hook-with-args 'cofferdam--disconnected-functions conn)
    (unless wanted
      (message "Cofferdam: the language server of %s died; sessions go on in the service (M-x cofferdam-attach)"
               (abbreviate-file-name (cofferdam--conn-root conn))))))

(defun cofferdam--with-connection (root function)
  "Call FUNCTION with the connection of ROOT, at once or when it is ready.
The server is started if it does not run."
  (let ((conn (gethash root cofferdam--connections)))
    (unless (and conn (jsonrpc-running-p conn)
                 (memq (cofferdam--conn-state conn) '(starting ready)))
      (setq conn (cofferdam--connect root)))
    (if (eq (cofferdam--conn-state conn) 'ready)
        (funcall function conn)
      (push function (cofferdam--conn-waiting conn)))
    conn))

(defun cofferdam--wait-connection (root)
  "Return the ready connection of ROOT; wait for it, the user may quit."
  (let ((conn (cofferdam--with-connection root #'ignore)))
    (while (eq (cofferdam--conn-state conn) 'starting)
      (accept-process-output nil 0.05))
    (unless (eq (cofferdam--conn-state conn) 'ready)
      (user-error "Cofferdam's language server did not start; see M-x cofferdam-doctor"))
    conn))

;;; Sending

(defun cofferdam--notify (conn method params)
  "Send notification METHOD with PARAMS to CONN if it is ready."
  (when (and (jsonrpc-running-p conn) (eq (cofferdam--conn-state conn) 'ready))
    (jsonrpc-notify conn method params)))

(cl-defun cofferdam--request (conn method params &key on-success on-error)
  "Send request METHOD with PARAMS to CONN; return at once.
ON-SUCCESS is called with the result and ON-ERROR with a message, both
from a timer.  By default an error is shown in the echo area."
  (unless (jsonrpc-running-p conn)
    (user-error "Cofferdam's language server does not run"))
  (run-hook-with-args 'cofferdam--before-request-functions conn)
  (jsonrpc-async-request
   conn method (or params (make-hash-table))
   ;; A late answer to a request that jsonrpc.el has given up is an error there.
   :timeout nil
   :success-fn (lambda (result)
                 (when on-success (run-at-time 0 nil on-success result)))
   :error-fn (lambda (err)
               (let ((text (cofferdam--one-line (plist-get err :message))))
                 (run-at-time
                  0 nil (or on-error
                            (lambda (text)
                              (message "Cofferdam: %s" text)))
                  text)))))

(defun cofferdam--call (conn method params)
  "Send request METHOD with PARAMS to CONN and return its result.
Wait for it; the user may quit.  For commands only, never for handlers."
  (let ((answer nil))
    (cofferdam--request conn method params
                        :on-success (lambda (result) (setq answer (list 'ok result)))
                        :on-error (lambda (text) (setq answer (list 'error text))))
    (while (not answer)
      (accept-process-output nil 0.05))
    (if (eq (car answer) 'ok)
        (cadr answer)
      (user-error "Cofferdam: %s: %s" method (cadr answer)))))

(defun cofferdam--disconnect (conn)
  "Shut CONN's language server down as LSP wants it."
  (when (jsonrpc-running-p conn)
    (setf (cofferdam--conn-state conn) 'stopping)
    (let ((end (lambda (&rest _)
                 (when (jsonrpc-running-p conn)
                   (jsonrpc-notify conn 'exit nil)))))
      (jsonrpc-async-request conn 'shutdown nil :timeout nil
                             :success-fn end :error-fn end)
      (run-at-time 3 nil (lambda ()
                           (when (jsonrpc-running-p conn)
                             (delete-process (jsonrpc--process conn))))))))

(provide 'cofferdam-client)
;;; cofferdam-client.el ends here
