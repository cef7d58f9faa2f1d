;;; cofferdam-tests.el --- Tests of the Emacs package  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Run with run_tests.sh, or:
;;   emacs -Q --batch -L EditorClients/emacs \
;;     -l Tests/EndToEnd/emacs/cofferdam-tests.el -f ert-run-tests-batch-and-exit
;; Everything runs against fake_lsp.py over real pipes.

;;; Code:

(require 'ert)
(require 'cofferdam)

(defconst cofferdam-tests--directory
  (file-name-directory (or load-file-name buffer-file-name)))

(defconst cofferdam-tests--seconds 30
  "A test that waits longer has failed.")

(defconst cofferdam-tests--source
  "#include <stdio.h>\nint main(void) {\n    return 0\n}\n")

(defmacro cofferdam-tests--wait (condition)
  "Wait until CONDITION is true."
  `(let ((deadline (+ (float-time) cofferdam-tests--seconds)))
     (while (not (with-current-buffer (window-buffer) ,condition))
       (when (> (float-time) deadline)
         (ert-fail (list "timed out" ',condition)))
       (accept-process-output nil 0.02))
     t))

(defvar root)
(defvar file)

(defmacro cofferdam-tests--with-project (&rest body)
  "Evaluate BODY in the buffer of main.c of a new project.
ROOT is its directory and FILE the file."
  (declare (indent 0) (debug t))
  `(let* ((root (file-name-as-directory
                 (file-truename (make-temp-file "cofferdam tests é" t))))
          (file (expand-file-name "main.c" root))
          (process-environment
           (cons (concat "FAKE_STATE=" root ".state") process-environment))
          (cofferdam-command
           (list "python3" (expand-file-name "fake_lsp.py" cofferdam-tests--directory)))
          (project-find-functions (list (lambda (_) (cons 'transient root))))
          (cofferdam-display-transcript nil)
          (cofferdam-approval-display 'window)
          (inhibit-message t))
     (clrhash cofferdam--sessions)
     (clrhash cofferdam--published)
     (write-region cofferdam-tests--source nil file nil 'silent)
     (unwind-protect
         (with-current-buffer (find-file-noselect file)
           (switch-to-buffer (current-buffer))
           ,@body)
       (cofferdam-tests--clean root))))

(defun cofferdam-tests--clean (root)
  "End what runs on ROOT and delete it."
  (dolist (conn (cofferdam--live-connections))
    (setf (cofferdam--conn-state conn) 'stopping)
    (delete-process (jsonrpc--process conn)))
  (dolist (buffer (buffer-list))
    (when (or (string-prefix-p "*cofferdam" (buffer-name buffer))
              (string-prefix-p root (or (buffer-file-name buffer) "")))
      (with-current-buffer buffer
        (set-buffer-modified-p nil)
        (kill-buffer))))
  (setq flymake-list-only-diagnostics nil)
  (delete-directory root t))

(defun cofferdam-tests--conn ()
  "Return the ready connection."
  (cofferdam--wait-connection root))

(defun cofferdam-tests--received (method)
  "Return the parameters of what the server received as METHOD."
  (mapcar (lambda (message) (plist-get message :params))
          (cofferdam--call (cofferdam-tests--conn) 'test/received
                           (list :method method))))

(defun cofferdam-tests--run (prompt)
  "Start a session with PROMPT, wait for its turn's end; return the session."
  (cofferdam-start prompt)
  (cofferdam-tests--wait (cofferdam-tests--outcome))
  (car (cofferdam--all-sessions)))

(defun cofferdam-tests--outcome ()
  "Return the outcome of the only session."
  (when-let ((session (car (cofferdam--all-sessions))))
    (and (equal (cofferdam-session-state session) "idle")
         (cofferdam-session-outcome session))))

(defun cofferdam-tests--transcript (session)
  "Return the text of the transcript of SESSION."
  (let ((buffer (cofferdam-session-buffer session)))
    (cofferdam--flush buffer)
    (with-current-buffer buffer
      (buffer-substring-no-properties (point-min) (point-max)))))

(defun cofferdam-tests--apply-edit (edit)
  "Let the server ask for EDIT; return the answer."
  (plist-get (cofferdam--call (cofferdam-tests--conn) 'test/request
                              (list :method "workspace/applyEdit"
                                    :params (list :edit edit)))
             :result))

(defun cofferdam-tests--uri (name)
  "Return the URI of NAME in the project."
  (cofferdam--path-to-uri (expand-file-name name root)))

;;; Text

(ert-deftest cofferdam-neutralise ()
  (should (equal (cofferdam--neutralise "\e[1;31mred\e[0m") "red"))
  (should (equal (cofferdam--neutralise "a\e]0;title\ab\e]8;;x\e\\c") "abc"))
  (should (equal (cofferdam--neutralise "bell\a null\0 del\x7f") "bell^G null^@ del^?"))
  (should (equal (cofferdam--neutralise "rm\u202e file") "rm\\u202E file"))
  (should (equal (cofferdam--neutralise "0%\r50%\r100%\nx\r\n") "100%\nx\n"))
  (should (equal (cofferdam--neutralise "tab\tand\nnewline") "tab\tand\nnewline"))
  ;; An unfinished sequence is shown, not obeyed, and costs no stack.
  (let ((long (concat "\e]" (make-string 1000000 ?x))))
    (should (string-prefix-p "^[" (cofferdam--neutralise long)))))

(ert-deftest cofferdam-sequences-at-every-split ()
  (let ((text "ab\e[31mcd\e[0m\r\nef\e]0;t\agh\r\n"))
    (dotimes (cut (1+ (length text)))
      (let* ((first (cofferdam--split-unfinished (substring text 0 cut)))
             (second (concat (cdr first) (substring text cut))))
        (should (equal (concat (cofferdam--neutralise (car first))
                               (cofferdam--neutralise second))
                       "abcd\nefgh\n"))))))

(ert-deftest cofferdam-long-lines-are-wrapped ()
  (should (equal (cofferdam--wrap-long-lines "abcdefgh" 0 3) '("abc\ndef\ngh" . 2)))
  (should (equal (cofferdam--wrap-long-lines "ab\ncd" 2 3) '("a\nb\ncd" . 2)))
  (should (equal (cofferdam--wrap-long-lines "ab\n" 0 3) '("ab\n" . 0)))
  (should (equal (cofferdam--wrap-long-lines "x" 7 3) '("\nx" . 1))))

(ert-deftest cofferdam-output-bytes-at-every-split ()
  (let ((bytes (encode-coding-string "é€𝄞x" 'utf-8)))
    (dotimes (cut (1+ (length bytes)))
      (let ((item (make-cofferdam--item)))
        (should (equal (mapconcat
                        (lambda (part)
                          (cofferdam--output-bytes
                           (list :base64 (base64-encode-string part)) item))
                        (list (substring bytes 0 cut) (substring bytes cut)) "")
                       "é€𝄞x"))))))

(ert-deftest cofferdam-uris ()
  (let ((path "/tmp/a b/é%20#?.c"))
    (should (equal (cofferdam--uri-to-path (cofferdam--path-to-uri path)) path)))
  (should (equal (cofferdam--path-to-uri "/a b") "file:///a%20b"))
  (should-error (cofferdam--uri-to-path "https://example.org/x"))
  (should-error (cofferdam--uri-to-path "file:///a%00b"))
  (should-not (file-remote-p (cofferdam--uri-to-path "file:///ssh:host:/x"))))

(ert-deftest cofferdam-positions ()
  (with-temp-buffer
    (insert "a𝄞é\nxy")
    (dolist (row '(("utf-32" 0 1 2 3) ("utf-16" 0 1 3 4) ("utf-8" 0 1 5 7)))
      (dotimes (index 4)
        (let ((position (list :line 0 :character (nth index (cdr row)))))
          (should (equal (cofferdam--lsp-position (1+ index) (car row)) position))
          (should (= (cofferdam--from-lsp-position position (car row)) (1+ index))))))
    ;; Inside a character: its beginning; beyond the end: the end.
    (should (= (cofferdam--from-lsp-position '(:line 0 :character 2) "utf-16") 2))
    (should (= (cofferdam--from-lsp-position '(:line 0 :character 99) "utf-16") 4))
    (should (= (cofferdam--from-lsp-position '(:line 9 :character 0) "utf-16") (point-max)))
    (should-error (cofferdam--from-lsp-position '(:line -1 :character 0) "utf-16"))
    (should (equal (cofferdam--text-range 2 4)
                   '(:startLine 1 :startColumn 2 :endLine 1 :endColumn 8)))
    (cofferdam--goto-text-range '(:startLine 1 :startColumn 6))
    (should (= (point) 3))))

;;; Connection and documents

(ert-deftest cofferdam-initialize-says-what-is-true ()
  (cofferdam-tests--with-project
    (let ((params (progn (cofferdam-tests--conn)
                         (car (cofferdam-tests--received "initialize")))))
      (should (equal (plist-get params :rootUri)
                     (cofferdam--path-to-uri (directory-file-name root))))
      (should (eq t (plist-get (plist-get (plist-get params :capabilities) :workspace)
                               :applyEdit)))
      (should (equal (plist-get params :initializationOptions)
                     '( :progress t :approve :json-false :apply "never"
                        :fileEdits "workspaceEdit" :showTranscript "never")))
      (should (equal (cofferdam--conn-encoding (cofferdam-tests--conn)) "utf-32")))))

(ert-deftest cofferdam-unsaved-text-is-there-before-a-request ()
  (cofferdam-tests--with-project
    (cofferdam-tests--conn)
    (should cofferdam-mode)
    (should (equal (plist-get (plist-get (car (cofferdam-tests--received
                                               "textDocument/didOpen"))
                                         :textDocument)
                              :text)
                   cofferdam-tests--source))
    (goto-char (point-max))
    (insert "// é\n")
    ;; test/received is itself a request: the change must come before it.
    (let ((change (car (cofferdam-tests--received "textDocument/didChange"))))
      (should (equal (plist-get (aref (plist-get change :contentChanges) 0) :text)
                     (concat cofferdam-tests--source "// é\n")))
      (should (= 2 (plist-get (plist-get change :textDocument) :version))))
    (save-buffer)
    (should (= 1 (length (cofferdam-tests--received "textDocument/didSave"))))
    (revert-buffer t t)
    (should cofferdam-mode)
    (should (bound-and-true-p flymake-mode))
    (kill-buffer)
    (should (= 1 (length (cofferdam-tests--received "textDocument/didClose"))))))

(ert-deftest cofferdam-decrypted-text-stays ()
  (should (cofferdam--ordinary-file-p "/tmp/x/main.c"))
  (dolist (path '(nil "/tmp/x/secret.gpg" "/tmp/x/a.tar.gz" "/ssh:host:/x/main.c"
                      "/tmp/x/.git/COMMIT_EDITMSG"))
    (should-not (cofferdam--ordinary-file-p path)))
  (with-temp-buffer
    (setq buffer-file-name "/tmp/x/secret.gpg")
    (should-error (cofferdam-mode 1) :type 'user-error)
    (should-not cofferdam-mode)
    (setq buffer-file-name nil)))

(ert-deftest cofferdam-crlf-files-keep-their-line-ends ()
  (cofferdam-tests--with-project
    (let ((dos (expand-file-name "dos.txt" root)))
      (let ((coding-system-for-write 'utf-8-dos))
        (write-region "one\ntwo\n" nil dos nil 'silent))
      (with-current-buffer (find-file-noselect dos)
        (cofferdam-tests--conn)
        (should (cl-find "one\r\ntwo\r\n" (cofferdam-tests--received "textDocument/didOpen")
                         :key (lambda (params)
                                (plist-get (plist-get params :textDocument) :text))
                         :test #'equal))
        (should (equal '(:applied t)
                       (cofferdam-tests--apply-edit
                        (list :changes
                              (list (intern (concat ":" (cofferdam-tests--uri "dos.txt")))
                                    [( :range ( :start (:line 1 :character 0)
                                                :end (:line 2 :character 0))
                                       :newText "2\r\n3\r\n")])))))
        (should (equal (buffer-string) "one\n2\n3\n"))
        (with-temp-buffer
          (insert-file-contents-literally dos)
          (should (equal (buffer-string) "one\r\n2\r\n3\r\n")))))))

(ert-deftest cofferdam-server-death-is-survived ()
  (cofferdam-tests--with-project
    (cofferdam-start "die at once")
    (cofferdam-tests--wait (null (cofferdam--live-connections)))
    (cofferdam-tests--wait (cofferdam--all-sessions))
    (let* ((session (car (cofferdam--all-sessions)))
           (seq (cofferdam-session-seq session)))
      (should (= seq 2))
      ;; The service still has it: a command starts a server and attaches;
      ;; nothing comes twice.
      (let ((before (cofferdam-tests--transcript session)))
        (should (string-search "die at once" before))
        (cofferdam-cancel)
        (cofferdam-tests--wait (not (cofferdam-session-attaching session)))
        (should (= 2 (plist-get (car (cofferdam-tests--received "agent/attach"))
                                :afterSeq)))
        (should (= 1 (length (cofferdam-tests--received "agent/cancel"))))
        (should (equal (cofferdam-tests--transcript session) before)))
      ;; A killed transcript is filled again from the first event.
      (kill-buffer (cofferdam-session-buffer session))
      (save-window-excursion
        (cofferdam-attach)
        (cofferdam-tests--wait (and (buffer-live-p (cofferdam-session-buffer session))
                                    (= seq (cofferdam-session-seq session))))
        (should (string-search "die at once" (cofferdam-tests--transcript session)))))))

(ert-deftest cofferdam-hostile-notifications-do-no-harm ()
  (cofferdam-tests--with-project
    (cofferdam--call
     (cofferdam-tests--conn) 'test/notify
     '(:messages
       [(:method "agent/progress" :params nil)
        (:method "agent/progress" :params (:sessionId 7 :seq "x" :event 3))
        (:method "agent/progress" :params (:sessionId "h" :seq 1 :event (:type "neverHeard")))
        (:method "agent/progress" :params (:sessionId "h" :seq 2 :event (:type "messageDelta")))
        (:method "textDocument/publishDiagnostics" :params (:uri 5 :diagnostics 5))
        (:method "textDocument/publishDiagnostics" :params (:uri "http://x" :diagnostics []))
        (:method "window/showMessage" :params (:message "\e[2J%s\u202e"))
        (:method "$/progress" :params (:token 1 :value (:kind "report")))
        (:method "no/such" :params (:a 1))]))
    (should (jsonrpc-running-p (cofferdam-tests--conn)))
    (let ((reply (cofferdam--call (cofferdam-tests--conn) 'test/request
                                  '(:method "no/such" :params nil))))
      (should (= -32601 (plist-get (plist-get reply :error) :code))))))

;;; A whole session

(ert-deftest cofferdam-session-from-start-to-end ()
  (cofferdam-tests--with-project
    (let* ((session (cofferdam-tests--run "fix the build"))
           (text (cofferdam-tests--transcript session)))
      (should (equal (cofferdam-session-outcome session) "verified"))
      (dolist (part '("fix the build" "I will build it first.\n" "Run: make"
                      "main.c:3:5: error: expected ';'" "exit 2 in 0.4 s"
                      "main.c:3:5 error: expected ';' [gcc -Wsyntax]"
                      "modified main.c" "+    return 0;" "Check build: make" "passed"
                      "waiting for another session that prepares the environment node"
                      "Setup 1 of 1: npm ci" "added 3 packages"
                      "environment node, set up by an earlier session" "the set-up changed lock.json"
                      "may reach https://pypi.org:443, but not https://evil.example.org:443 (set by service)"
                      "https://other.example.org:443 refused: no rule allows this host and port (3 times)"
                      "verified: every required check passed" "[Apply]"))
        (should (string-search part text)))
      ;; The answer named nothing that was already shown.
      (should-not (string-search "replaced" text))
      ;; What the gateway let through is no news.
      (should-not (string-search "allows it" text))
      (should (equal (plist-get (car (cofferdam-tests--received "agent/start")) :prompt)
                     "fix the build")))))

(ert-deftest cofferdam-region-and-diagnostics-go-along ()
  (cofferdam-tests--with-project
    (cofferdam-tests--conn)
    (cofferdam--call
     (cofferdam-tests--conn) 'test/notify
     (list :messages
           (vector (list :method "textDocument/publishDiagnostics"
                         :params (list :uri (cofferdam-tests--uri "main.c")
                                       :diagnostics
                                       [( :range ( :start (:line 2 :character 4)
                                                   :end (:line 2 :character 10))
                                          :severity 1 :source "gcc" :code "E1"
                                          :message "expected ;")])))))
    (cofferdam-tests--wait (flymake-diagnostics))
    (should-error (cofferdam-fix) :type 'user-error) ; point is elsewhere
    (goto-char (point-min))
    (forward-line 2)
    (cofferdam-fix)
    (cofferdam-tests--wait (cofferdam-tests--outcome))
    (let* ((params (car (cofferdam-tests--received "agent/start")))
           (diagnostic (aref (plist-get (plist-get params :context) :diagnostics) 0)))
      (should (equal diagnostic
                     '( :tool "gcc" :severity "error" :code "E1" :message "expected ;"
                        :path "main.c"
                        :range (:startLine 3 :startColumn 5 :endLine 3 :endColumn 11)
                        :fingerprint "")))
      (should (equal (plist-get params :prompt) "Fix this error in main.c: expected ;")))
    (transient-mark-mode 1)
    (push-mark (line-beginning-position) t t)
    (goto-char (line-end-position))
    (cofferdam-prompt "why?" t)
    (let* ((params (car (cofferdam-tests--received "agent/prompt")))
           (selection (aref (plist-get (plist-get params :context) :selections) 0)))
      (should (equal (plist-get params :delivery) "steer"))
      (should (equal (plist-get selection :text) "    return 0")))))

(ert-deftest cofferdam-flood-is-capped ()
  (cofferdam-tests--with-project
    (let* ((started (float-time))
           (session (cofferdam-tests--run "flood it"))
           (text (cofferdam-tests--transcript session)))
      (should (< (length text) (* 2 cofferdam-transcript-output-limit)))
      (should (string-search "characters left out]" text))
      (should (string-search "more output is not shown" text))
      (message "ten megabytes took %.1f s" (- (float-time) started)))))

(ert-deftest cofferdam-wild-output-is-tamed ()
  (cofferdam-tests--with-project
    (let ((text (cofferdam-tests--transcript (cofferdam-tests--run "wild one"))))
      (should (string-search "red^G \\u202Eevil\nbold\n100%\n" text))
      (should-not (string-match-p "[\e\u202e\a\r]" text))
      (should (< (apply #'max (mapcar #'length (split-string text "\n"))) 810)))))

(ert-deftest cofferdam-point-follows-only-from-the-end ()
  (cofferdam-tests--with-project
    (let* ((session (cofferdam-tests--run "fix the build"))
           (buffer (cofferdam-session-buffer session)))
      (cofferdam--flush buffer)
      (with-current-buffer buffer
        (goto-char (point-max))
        (cofferdam--emit "more\n")
        (cofferdam--flush buffer)
        (should (eobp))
        (goto-char (point-min))
        (cofferdam--emit "even more\n")
        (cofferdam--flush buffer)
        (should (bobp))))))

(ert-deftest cofferdam-transcript-is-trimmed ()
  (cofferdam-tests--with-project
    (let ((buffer (cofferdam-session-buffer (cofferdam-tests--run "fix it")))
          (cofferdam-transcript-max-size 1000))
      (with-current-buffer buffer
        (dotimes (n 300) (cofferdam--emit (format "line %d\n" n)))
        (cofferdam--flush buffer)
        (should (< (buffer-size) 1400))
        (should (string-prefix-p "[older text removed" (buffer-string)))
        (should (string-suffix-p "line 299\n" (buffer-string)))))))

;;; Diagnostics

(ert-deftest cofferdam-diagnostics-come-and-go ()
  (cofferdam-tests--with-project
    (let ((seen nil) (before flymake-diagnostic-functions))
      (let ((cofferdam-diagnostics-functions
             (list (lambda (path diagnostics)
                     (should (equal path file))
                     (push (list (length diagnostics)
                                 (mapcar #'flymake-diagnostic-text
                                         (with-current-buffer (get-file-buffer path)
                                           (flymake-diagnostics))))
                           seen)))))
        (cofferdam-tests--run "fix the build"))
      (should (equal seen '((0 nil) (1 ("expected ';' [gcc -Wsyntax]")))))
      ;; Only our backend runs where Flymake was off.
      (should (equal flymake-diagnostic-functions '(cofferdam-flymake-backend)))
      (cofferdam-mode -1)
      (should-not flymake-mode)
      (should (equal flymake-diagnostic-functions before)))))

(ert-deftest cofferdam-diagnostics-of-unopened-files ()
  (cofferdam-tests--with-project
    (let ((other (expand-file-name "other.c" root)))
      (write-region "int x\n" nil other nil 'silent)
      (cl-flet ((publish (diagnostics)
                  (cofferdam--call
                   (cofferdam-tests--conn) 'test/notify
                   (list :messages
                         (vector (list :method "textDocument/publishDiagnostics"
                                       :params (list :uri (cofferdam-tests--uri "other.c")
                                                     :diagnostics diagnostics)))))))
        (publish [( :range (:start (:line 0 :character 5) :end (:line 0 :character 5))
                    :severity 2 :source "clang" :message "hm")])
        (should (equal (mapcar #'flymake-diagnostic-text
                               (cdr (assoc other flymake-list-only-diagnostics)))
                       '("hm [clang]")))
        ;; Opened, they move into the buffer, and an empty range is visible.
        (with-current-buffer (find-file-noselect other)
          (should cofferdam-mode)
          (let ((diagnostic (car (flymake-diagnostics))))
            (should (equal (flymake-diagnostic-type diagnostic) :warning))
            (should (< (flymake-diagnostic-beg diagnostic)
                       (flymake-diagnostic-end diagnostic)))
            ;; They move with the text, also when Flymake runs again.
            (let ((before (flymake-diagnostic-beg diagnostic)))
              (goto-char (point-min))
              (insert "// new\n")
              (flymake-start)
              (should (= (flymake-diagnostic-beg (car (flymake-diagnostics)))
                         (+ before 7))))))
        (should-not (assoc other flymake-list-only-diagnostics))
        (publish [])
        (with-current-buffer (get-file-buffer other)
          (should-not (flymake-diagnostics)))))))

(ert-deftest cofferdam-diagnostics-of-a-dead-server-go ()
  (cofferdam-tests--with-project
    (cofferdam--publish (cofferdam-tests--conn) file
                        [( :range (:start (:line 0 :character 0) :end (:line 0 :character 1))
                           :message "stale")])
    (should (flymake-diagnostics))
    (cofferdam-disconnect)
    (cofferdam-tests--wait (null (cofferdam--live-connections)))
    (cofferdam-tests--wait (null (flymake-diagnostics)))))

(ert-deftest cofferdam-other-backends-stay ()
  (cofferdam-tests--with-project
    (let ((other (lambda (report &rest _)
                   (funcall report (list (flymake-make-diagnostic
                                          (current-buffer) 1 5 :note "other"))))))
      (setq-local flymake-diagnostic-functions (list other))
      (flymake-mode 1)
      (flymake-start)
      (cofferdam--publish (cofferdam-tests--conn) file
                          [( :range (:start (:line 1 :character 0) :end (:line 1 :character 3))
                             :message "ours")])
      (should (equal (sort (mapcar #'flymake-diagnostic-text (flymake-diagnostics)) #'string<)
                     '("other" "ours")))
      (cofferdam-mode -1)
      (should flymake-mode)
      (should (equal flymake-diagnostic-functions (list other)))
      (should (equal (mapcar #'flymake-diagnostic-text (flymake-diagnostics)) '("other"))))))

(defun cofferdam-tests--judge ()
  "Let a session find things of every kind; return the session."
  (make-directory (expand-file-name "lib" root))
  (write-region "int a;\nold b;\nint c;\n" nil (expand-file-name "lib/far.c" root) nil 'silent)
  (write-region "x\n" nil (expand-file-name "other.c" root) nil 'silent)
  (let ((session (cofferdam-tests--run "judge it")))
    (cofferdam-tests--wait (= 2 (length (flymake-diagnostics))))
    session))

(ert-deftest cofferdam-diagnostics-are-replaced ()
  (cofferdam-tests--with-project
    (let ((shown (lambda (messages)
                   (cofferdam-tests--wait
                    (equal messages (sort (mapcar #'flymake-diagnostic-text (flymake-diagnostics))
                                          #'string<)))))
          (publish (lambda (&rest messages)
                     (cofferdam--publish
                      (cofferdam-tests--conn) file
                      (vconcat (mapcar (lambda (message)
                                         `( :range ( :start (:line 0 :character 0)
                                                     :end (:line 0 :character 1))
                                            :message ,message))
                                       messages))))))
      (funcall publish "one" "two")
      (funcall shown '("one" "two"))
      (funcall publish "three")
      (funcall shown '("three"))
      (funcall publish)
      (funcall shown nil))))

(ert-deftest cofferdam-diagnostics-have-tags-and-related-places ()
  (cofferdam-tests--with-project
    (cofferdam-tests--judge)
    (let ((unused (car (flymake-diagnostics 1 2)))
          (stale (car (flymake-diagnostics (save-excursion (goto-char 1) (forward-line 2) (point))
                                           (point-max)))))
      (should (eq (flymake-diagnostic-type unused) :warning))
      (should (equal (flymake-diagnostic-text unused)
                     "unused [gcc -Wunused]; far.c:5: declared here"))
      (should (equal '(cofferdam-unnecessary flymake-warning) (get-char-property 1 'face)))
      ;; What the user has changed since looks like that, and is not sent along.
      (should (eq (flymake-diagnostic-type stale) 'cofferdam-stale))
      (should (eq 'cofferdam-stale
                  (get-char-property (flymake-diagnostic-beg stale) 'face)))
      (should (string-prefix-p "stale: " (flymake-diagnostic-text stale))))
    (let ((wanted (plist-get (plist-get (plist-get (car (cofferdam-tests--received "initialize"))
                                                   :capabilities)
                                        :textDocument)
                             :publishDiagnostics)))
      (should (equal (plist-get wanted :tagSupport) '(:valueSet [1 2])))
      (should (eq t (plist-get wanted :dataSupport))))))

(ert-deftest cofferdam-diagnostics-of-others-go-along ()
  (cofferdam-tests--with-project
    (let* ((range (lambda (line first last)
                    (list :start (list :line line :character first)
                          :end (list :line line :character last))))
           ;; As eglot makes them of what its server says.
           (other
            (lambda (report &rest _)
              (funcall
               report
               (list (flymake-make-diagnostic
                      (current-buffer) 20 23 'eglot-error "bad"
                      `((eglot-lsp-diag
                         . ( :range ,(funcall range 1 0 3) :severity 1 :code "E100"
                             :codeDescription (:href "https://example.org/E100")
                             :source "otherd" :message "main is no function" :tags [1 99]
                             :relatedInformation
                             [( :location ( :uri ,(cofferdam-tests--uri "main.c")
                                            :range ,(funcall range 2 4 6))
                                :message "called here")
                              ( :location ( :uri "file:///usr/include/x.h"
                                            :range ,(funcall range 2 4 6))
                                :message "elsewhere")]))))
                     (flymake-make-diagnostic (current-buffer) 1 9 :note "plain"))))))
      (setq-local flymake-diagnostic-functions (list other))
      (flymake-mode 1)
      (flymake-start)
      (cofferdam-tests--judge-beside)
      (cofferdam-start "fix the build" t)
      (cofferdam-tests--wait (cofferdam-tests--outcome))
      (let ((sent (append (plist-get (plist-get (car (cofferdam-tests--received "agent/start"))
                                                :context)
                                     :diagnostics)
                          nil)))
        (should (equal (cl-remove-if-not
                        (lambda (one) (equal (plist-get one :tool) "otherd")) sent)
                       '(( :tool "otherd" :severity "error" :code "E100"
                           :codeURL "https://example.org/E100"
                           :message "main is no function" :path "main.c"
                           :range (:startLine 2 :startColumn 1 :endLine 2 :endColumn 4)
                           :related [( :path "main.c"
                                       :range (:startLine 3 :startColumn 1 :endLine 4 :endColumn 1)
                                       :message "called here")]
                           :tags ["unnecessary"] :fingerprint ""))))
        (should (cl-find "plain" sent :key (lambda (one) (plist-get one :message))
                         :test #'equal))
        (should (cl-find "ours" sent :key (lambda (one) (plist-get one :fingerprint))
                         :test #'equal))
        (should-not (cl-find "gone" sent :key (lambda (one) (plist-get one :fingerprint))
                             :test #'equal))))))

(defvar flycheck-mode)

(ert-deftest cofferdam-diagnostics-of-flycheck-go-along ()
  (cofferdam-tests--with-project
    (setq-local flycheck-mode t)
    ;; Flycheck's own functions, as far as they are used.
    (cl-letf (((symbol-function 'flycheck-overlay-errors-in)
               (lambda (beg end) (should (< beg end)) '(("E1" error) (nil info))))
              ((symbol-function 'flycheck-error-region-for-mode)
               (lambda (problem _mode) (and (car problem) (cons 20 23))))
              ((symbol-function 'flycheck-error-checker) (lambda (_) 'lsp))
              ((symbol-function 'flycheck-error-id) #'car)
              ((symbol-function 'flycheck-error-level) #'cadr)
              ((symbol-function 'flycheck-error-message) (lambda (_) "bad")))
      (should (equal (cofferdam--diagnostics-in (point-min) (point-max) root)
                     '(( :tool "lsp" :severity "error" :code "E1" :message "bad" :path "main.c"
                         :range (:startLine 2 :startColumn 1 :endLine 2 :endColumn 4)
                         :fingerprint "")
                       ( :tool "lsp" :severity "information" :message "bad" :path "main.c"
                         :fingerprint "")))))))

(defun cofferdam-tests--judge-beside ()
  "Publish one diagnostic that is true and one that is stale."
  (cofferdam--publish
   (cofferdam-tests--conn) file
   [( :range (:start (:line 1 :character 0) :end (:line 1 :character 3))
      :message "ours" :data (:sessionId "s0" :fingerprint "ours"))
    ( :range (:start (:line 2 :character 0) :end (:line 2 :character 3))
      :severity 4 :message "stale: gone" :data (:fingerprint "gone" :stale t))])
  (cofferdam-tests--wait (= 4 (length (flymake-diagnostics)))))

(ert-deftest cofferdam-all-diagnostics-are-listed ()
  (cofferdam-tests--with-project
    (let* ((session (cofferdam-tests--judge))
           (text (cofferdam-tests--transcript session))
           (clock (format-time-string "%H:%M:%S" 1790000000)))
      (dolist (part (list "build: 1 new, 2 fixed, 3 remaining"
                          "passed, exit 0 in 0.4 s, 41 passed, 0 failed, 1 skipped\n"
                          "unverified: the change weakens the tests\n  Why this is not verified:\n"
                          "lib/far.c:3: test_sum is skipped now [test-skipped]\n"
                          "a warning level is lower [no-place]\n"
                          (concat "build: make -k, exit 0 in 0.4 s, 41 passed, 0 failed, 1 skipped, "
                                  clock ", tree 01234567\n")
                          (concat "lint, exit 2 in 0.4 s, 2 errors, " clock
                                  ", tree 01234567, not required\n")
                          (concat "licence: a && b, exit 0 in 0.4 s, " clock ", tree 01234567, "
                                  "ran on fedcba98 with the same files, the organisation's, "
                                  "not run: known from an earlier session\n")))
        (should (string-search part text)))
      (should (string-search "1 new, 2 fixed, 3 remaining"
                             (with-current-buffer (cofferdam-session-buffer session)
                               (cofferdam--transcript-header))))
      (save-window-excursion
        ;; A finding leads to its place.
        (pop-to-buffer (cofferdam-session-buffer session))
        (goto-char (point-min))
        (search-forward "lib/far.c:3")
        (push-button (1- (point)))
        (should (equal (list buffer-file-name (line-number-at-pos))
                       (list (expand-file-name "lib/far.c" root) 3)))
        (kill-buffer)
        (switch-to-buffer (get-file-buffer file))
        (cofferdam-diagnostics)
        (should (derived-mode-p 'cofferdam-diagnostics-mode))
        (should
         (equal (buffer-string)
                (concat "judge it, 1 new, 2 fixed, 3 remaining\n\n"
                        "lib/far.c:3:1: error: not verified: test_sum is skipped now [test-skipped]\n"
                        "error: not verified: a warning level is lower [no-place]\n"
                        "error: undefined reference to f [ld]\n"
                        "lib/far.c:2:1: error: it is deprecated [gcc]\n"
                        "main.c:1:1: warning: unused [gcc -Wunused]\n"
                        "lib/far.c:5:3: note: declared here\n"
                        "main.c:3:5: stale: expected ';' [gcc]\n")))
        (next-error 2)
        (should (equal (cofferdam-tests--place) '("far.c" 2)))
        (next-error)
        (should (equal (cofferdam-tests--place) '("main.c" 1)))
        ;; The list follows, and the user's place in it stays.
        (cofferdam--publish (cofferdam-session-conn session)
                            (expand-file-name "lib/far.c" root) [])
        (let ((list-buffer next-error-last-buffer))
          (cofferdam-tests--wait (with-current-buffer list-buffer
                                   (not (string-search "it is deprecated" (buffer-string)))))
          (next-error -1)
          (should (equal (cofferdam-tests--place) '("far.c" 3))))))))

(defun cofferdam-tests--place ()
  "Return the name of the buffer in the selected window, and the line."
  (with-current-buffer (window-buffer)
    (list (buffer-name) (line-number-at-pos (window-point)))))

(ert-deftest cofferdam-fixes-of-the-tools-are-applied ()
  (cofferdam-tests--with-project
    (should-error (cofferdam-tool-fix) :type 'user-error)
    (cofferdam-tests--conn)
    (let ((text (lambda (&rest lines)
                  (let ((wanted (string-join lines "\n")))
                    (cofferdam-tests--wait (equal (buffer-string) wanted)))))
          (first "#include <stdio.h>") (second "int main(void) {") (rest "}\n"))
      (goto-char (point-min))
      (cofferdam-tool-fix)
      (funcall text (concat "one " first) second "    return 0" rest)
      (should (buffer-modified-p))
      (undo-boundary)
      (undo)
      (funcall text first second "    return 0" rest)
      ;; Of several one is chosen.
      (goto-char (point-min))
      (forward-line 2)
      (cl-letf (((symbol-function 'completing-read)
                 (lambda (_prompt choices &rest _)
                   (should (equal (mapcar #'car choices) '("lint: Put three" "lint: Put drei")))
                   "lint: Put drei")))
        (cofferdam-tool-fix)
        (funcall text first second "drei     return 0" rest))
      (undo-boundary)
      (undo)
      ;; All in a region: of two at the same place the first.
      (transient-mark-mode 1)
      (push-mark (point-min) t t)
      (goto-char (point-max))
      (cofferdam-tool-fix)
      (funcall text (concat "one " first) second "three     return 0" rest)
      (undo-boundary)
      (deactivate-mark)
      (undo)
      (cofferdam-tool-fix-all)
      (funcall text (concat "one " first) second "three     return 0" rest)
      (should (equal (plist-get (car (last (cofferdam-tests--received "textDocument/codeAction")))
                                :context)
                     '(:diagnostics [] :only ["source.fixAll.cofferdam"])))
      (undo-boundary)
      (undo)
      ;; What was typed meanwhile is not overwritten.
      (goto-char (point-min))
      (cofferdam-tool-fix)
      (insert "typed ")
      (cofferdam-tests--received "textDocument/codeAction")
      (accept-process-output nil 0.2)
      (funcall text (concat "typed " first) second "    return 0" rest)
      ;; The agent is asked through the server.
      (cl-letf (((symbol-function 'completing-read)
                 (lambda (_prompt choices &rest _) (caar (last choices)))))
        (let ((cofferdam-display-transcript t))
          (save-window-excursion
            (cofferdam-code-action)
            (cofferdam-tests--wait
             (when-let ((session (car (cofferdam--all-sessions))))
               (and (buffer-live-p (cofferdam-session-buffer session))
                    (get-buffer-window (cofferdam-session-buffer session)))))))
        (should (equal (plist-get (car (cofferdam-tests--received "workspace/executeCommand"))
                                  :command)
                       "cofferdam.fixDiagnostics"))))))

;;; Approvals

(defun cofferdam-tests--asked ()
  "Wait for an approval; return (SESSION . APPROVAL)."
  (cofferdam-tests--wait (get-buffer cofferdam--approval-buffer-name))
  (car (cofferdam--pending)))

(ert-deftest cofferdam-approval-shows-the-exact-command ()
  (cofferdam-tests--with-project
    (cofferdam-start "approve please")
    (let ((asked (cofferdam-tests--asked)))
      (should (string-search "1 to approve" (cofferdam--mode-line-text)))
      (with-current-buffer cofferdam--approval-buffer-name
        (should (string-search "\nrm -rf build && echo done\n" (buffer-string)))
        (should (string-search "\"cwd\": \".\"" (buffer-string)))
        (should (string-search "rule user: shell commands ask" (buffer-string))))
      (save-window-excursion
        ;; What is not on the screen is shown first, not approved.
        (delete-other-windows)
        (switch-to-buffer (get-file-buffer file))
        (cofferdam-approve)
        (should (cofferdam--pending))
        (should (equal (buffer-name) cofferdam--approval-buffer-name))
        (call-interactively (key-binding "a")))
      (cofferdam-tests--wait (equal (cofferdam-tests--outcome) "verified"))
      (should-not (cofferdam--pending))
      (cofferdam-tests--wait (not (get-buffer cofferdam--approval-buffer-name)))
      (should-not (cofferdam--mode-line-text))
      (should (equal (car (cofferdam-tests--received "agent/approve"))
                     '(:sessionId "s1" :approvalId "a1" :decision "allowOnce")))
      (should (string-search "approved by emacs"
                             (cofferdam-tests--transcript (car asked))))
      ;; Late answers are told so and do no harm.
      (cofferdam--answer (car asked) (cdr asked) "allowOnce")
      (should (= 2 (length (cofferdam-tests--received "agent/approve")))))))

(ert-deftest cofferdam-approval-can-be-rejected-and-edited ()
  (cofferdam-tests--with-project
    (cofferdam-start "approve please")
    (cofferdam-tests--asked)
    (save-window-excursion
      (pop-to-buffer cofferdam--approval-buffer-name)
      (cofferdam-reject "not the build directory"))
    (cofferdam-tests--wait (equal (cofferdam-tests--outcome) "unverified"))
    (should (equal (plist-get (car (cofferdam-tests--received "agent/approve")) :feedback)
                   "not the build directory"))
    (clrhash cofferdam--sessions)
    (cofferdam-start "approve again")
    (cofferdam-tests--asked)
    (save-window-excursion
      (pop-to-buffer cofferdam--approval-buffer-name)
      (call-interactively (key-binding "e"))
      (search-forward "rm -rf build && echo done")
      (replace-match "true \u202e")
      (call-interactively (key-binding (kbd "C-c C-c"))))
    (cofferdam-tests--wait (equal (cofferdam-tests--outcome) "verified"))
    (should (equal (plist-get (cadr (cofferdam-tests--received "agent/approve")) :arguments)
                   '(:command "true \u202e" :cwd ".")))))

(ert-deftest cofferdam-approval-is-withdrawn ()
  (cofferdam-tests--with-project
    (cofferdam-start "approve please")
    (cofferdam-tests--asked)
    (cofferdam--call
     (cofferdam-tests--conn) 'test/notify
     '(:messages
       [( :method "agent/progress"
          :params ( :sessionId "s1" :seq 1000 :time 0
                    :event ( :type "approvalResolved"
                             :resolution (:approvalId "a1" :cause "answered"
                                          :decision "reject" :answeredBy "cli"))))]))
    (cofferdam-tests--wait (not (get-buffer cofferdam--approval-buffer-name)))
    (should-not (cofferdam--pending))
    (should-error (cofferdam-approve) :type 'user-error)
    (should (string-search "rejected by cli"
                           (cofferdam-tests--transcript (car (cofferdam--all-sessions)))))))

(ert-deftest cofferdam-a-new-question-takes-no-old-key ()
  (cofferdam-tests--with-project
    (cofferdam-start "approve please")
    (let ((asked (cofferdam-tests--asked)))
      (save-window-excursion
        (pop-to-buffer cofferdam--approval-buffer-name)
        (let ((other (plist-put (copy-sequence (cdr asked)) :approvalId "a2")))
          (setf (cofferdam-session-pending (car asked)) (list other))
          (cofferdam--approval-next)
          (should (eq cofferdam--approval other))
          (should-not (cofferdam--shown-approval))
          (setq cofferdam--approval-since 0)
          (should (eq (cdr (cofferdam--shown-approval)) other)))))))

;;; Results

(ert-deftest cofferdam-apply-writes-the-result ()
  (cofferdam-tests--with-project
    (cofferdam-tests--run "fix the build")
    (goto-char (point-min))
    (search-forward "main")
    (let* ((place (point)) (answer nil)
           (cofferdam-applied-functions (list (lambda (_ result) (setq answer result)))))
      (cofferdam-apply)
      (cofferdam-tests--wait answer)
      (should (equal answer '(:applied ["main.c"] :conflicts [])))
      (should (= (point) place))
      (should (string-search "return 0;\n" (buffer-string)))
      ;; The buffer had no unsaved changes: the file has it too.
      (should-not (buffer-modified-p))
      (with-temp-buffer
        (insert-file-contents file)
        (should (string-search "return 0;\n" (buffer-string))))
      ;; And one undo takes it back.
      (undo-boundary)
      (undo)
      (should (equal (buffer-string) cofferdam-tests--source)))))

(ert-deftest cofferdam-edits-are-one-undo-step ()
  (cofferdam-tests--with-project
    (cofferdam-tests--conn)
    (goto-char (point-max))
    (insert "// unsaved\n")
    (undo-boundary)
    (let ((answer (cofferdam-tests--apply-edit
                   (list :documentChanges
                         (vector
                          (list :textDocument (list :uri (cofferdam-tests--uri "main.c")
                                                    :version 2)
                                :edits
                                [( :range ( :start (:line 0 :character 0)
                                            :end (:line 0 :character 0))
                                   :newText "// a\n")
                                 ( :range ( :start (:line 0 :character 0)
                                            :end (:line 0 :character 0))
                                   :newText "// b\n")
                                 ( :range ( :start (:line 2 :character 12)
                                            :end (:line 2 :character 12))
                                   :newText ";")]))))))
      (should (equal answer '(:applied t)))
      (should (equal (buffer-string)
                     (concat "// a\n// b\n"
                             (string-replace "0\n" "0;\n" cofferdam-tests--source)
                             "// unsaved\n")))
      (should (eobp))
      (should (buffer-modified-p))      ; the user's changes are not saved
      (undo)
      (should (equal (buffer-string) (concat cofferdam-tests--source "// unsaved\n"))))))

(ert-deftest cofferdam-files-are-made-renamed-and-deleted ()
  (cofferdam-tests--with-project
    (write-region "old\n" nil (expand-file-name "gone.txt" root) nil 'silent)
    (write-region "moved\n" nil (expand-file-name "from.txt" root) nil 'silent)
    (should (equal '(:applied t)
                   (cofferdam-tests--apply-edit
                    (list :documentChanges
                          (vector
                           (list :kind "create" :uri (cofferdam-tests--uri "new/dir/a.txt"))
                           (list :textDocument
                                 (list :uri (cofferdam-tests--uri "new/dir/a.txt") :version nil)
                                 :edits [( :range ( :start (:line 0 :character 0)
                                                    :end (:line 0 :character 0))
                                           :newText "made\n")])
                           (list :kind "rename" :oldUri (cofferdam-tests--uri "from.txt")
                                 :newUri (cofferdam-tests--uri "to.txt"))
                           (list :kind "delete" :uri (cofferdam-tests--uri "gone.txt")))))))
    (should-not (file-exists-p (expand-file-name "gone.txt" root)))
    (should-not (file-exists-p (expand-file-name "from.txt" root)))
    (dolist (pair '(("new/dir/a.txt" . "made\n") ("to.txt" . "moved\n")))
      (with-temp-buffer
        (insert-file-contents (expand-file-name (car pair) root))
        (should (equal (buffer-string) (cdr pair)))))))

(ert-deftest cofferdam-bad-edits-change-nothing ()
  (cofferdam-tests--with-project
    (cofferdam-tests--conn)
    (make-symbolic-link "/" (expand-file-name "link" root))
    (make-directory (expand-file-name ".git/hooks" root) t)
    (let ((good (list :textDocument (list :uri (cofferdam-tests--uri "main.c") :version 1)
                      :edits [( :range ( :start (:line 0 :character 0)
                                         :end (:line 0 :character 0))
                                :newText "x")])))
      (dolist (bad (list (list :kind "create" :uri "file:///tmp/cofferdam-outside")
                         (list :kind "create" :uri (cofferdam-tests--uri "../outside"))
                         (list :kind "create" :uri (cofferdam-tests--uri "link/tmp/outside"))
                         (list :kind "create" :uri (cofferdam-tests--uri ".git/hooks/x"))
                         (list :kind "create" :uri (cofferdam-tests--uri "main.c"))
                         (list :kind "delete" :uri (cofferdam-tests--uri "no.c"))
                         (list :kind "odd" :uri (cofferdam-tests--uri "no.c"))
                         (list :textDocument (list :uri (cofferdam-tests--uri "main.c")
                                                   :version 7)
                               :edits [])))
        (let ((answer (cofferdam-tests--apply-edit
                       (list :documentChanges (vector good bad)))))
          (should (eq :json-false (plist-get answer :applied)))
          (should (plist-get answer :failureReason)))
        (should (equal (buffer-string) cofferdam-tests--source)))
      ;; A file that changed on disk, and a read-only buffer.
      (set-file-times file (time-add nil 100))
      (should (string-search "changed on disk"
                             (plist-get (cofferdam-tests--apply-edit
                                         (list :documentChanges (vector good)))
                                        :failureReason)))
      (setq buffer-read-only t)
      (should (string-search "read-only"
                             (plist-get (cofferdam-tests--apply-edit
                                         (list :documentChanges (vector good)))
                                        :failureReason))))))

(ert-deftest cofferdam-buffers-of-changed-files-are-reloaded ()
  (cofferdam-tests--with-project
    (write-region "new\n" nil file nil 'silent)
    (set-file-times file (time-add nil 100))
    (should-not (cofferdam--reload '("main.c" "none.c") root))
    (should (equal (buffer-string) "new\n"))
    (insert "mine")
    (set-file-times file (time-add nil 200))
    (should (equal (cofferdam--reload '("main.c") root) (list (buffer-name))))
    (should (string-search "mine" (buffer-string)))))

(ert-deftest cofferdam-forks-and-goes-back ()
  (cofferdam-tests--with-project
    (let* ((session (cofferdam-tests--run "fix the build"))
           (text (cofferdam-tests--transcript session)))
      (dolist (part '("[step 1: 2 files changed; something was writing meanwhile]"
                      "[given up for room: steps 0]"
                      "[step 2 was not kept: no space left on device]"))
        (should (string-search part text)))
      (cofferdam-restore 1)
      (cofferdam-tests--wait
       (string-search "[back at step 1]" (cofferdam-tests--transcript session)))
      (should (equal (plist-get (car (cofferdam-tests--received "agent/restore")) :step) 1))
      (save-window-excursion
        (cofferdam-fork 1 "try it without the cast")
        (cofferdam-tests--wait (= 2 (length (cofferdam--all-sessions))))
        (let ((asked (car (cofferdam-tests--received "agent/fork"))))
          (should (equal (plist-get asked :sessionId) "s1"))
          (should (equal (plist-get asked :step) 1))
          (should (equal (plist-get asked :prompt) "try it without the cast")))
        (cofferdam-tests--wait
         (seq-some (lambda (other)
                     (string-search "[forked from s1 at step 1]" (cofferdam-tests--transcript other)))
                   (cofferdam--all-sessions)))))))

(ert-deftest cofferdam-publishes-what-the-user-approves ()
  (cofferdam-tests--with-project
    (let ((session (cofferdam-tests--run "fix the build")) (yes nil) (asked nil))
      (cl-letf (((symbol-function 'y-or-n-p) (lambda (question) (push question asked) yes)))
        (cofferdam-publish)
        (cofferdam-tests--wait asked)
        (should (string-match-p "It changes .github/[^\e]*ci.yml.  No checks verify it." (car asked)))
        (should (= 1 (length (cofferdam-tests--received "agent/publish"))))
        (setq yes t)
        (cofferdam-publish t)
        (cofferdam-tests--wait
         (string-search "[published as cofferdam/s1: https://git.example.com/team/tool]"
                        (cofferdam-tests--transcript session)))
        (let ((sent (cofferdam-tests--received "agent/publish")))
          (should (= 3 (length sent)))
          (should (equal "branch" (plist-get (car (last sent)) :kind)))
          (should (equal ["path:.github/\e[2Jci.yml" "unverified"]
                         (plist-get (car (last sent)) :approved))))))))

(ert-deftest cofferdam-diff-buffer ()
  (cofferdam-tests--with-project
    (cofferdam-tests--run "fix the build")
    (save-window-excursion
      (cofferdam-diff)
      (cofferdam-tests--wait (derived-mode-p 'diff-mode))
      (set-buffer (window-buffer))
      (should (string-search "\n+    return 0;\n" (buffer-string)))
      (should buffer-read-only)
      (search-forward "+    return")
      (should (equal (expand-file-name (diff-find-file-name nil t)) file)))))

;;; Reviews

(defmacro cofferdam-tests--reviewing (&rest body)
  "Evaluate BODY in the review of a session with two hunks, a mode and a new file."
  (declare (indent 0) (debug t))
  `(cofferdam-tests--with-project
     (cofferdam-tests--run "fix the build, review")
     (save-window-excursion
       (cofferdam-diff)
       (cofferdam-tests--wait (derived-mode-p 'cofferdam-review-mode))
       (set-buffer (window-buffer))
       ,@body)))

(defun cofferdam-tests--press (key)
  "Do what KEY is bound to here."
  (call-interactively (key-binding (kbd key))))

(defun cofferdam-tests--applied-marks ()
  "Return the lines that are marked as applied."
  (mapcar (lambda (overlay)
            (buffer-substring-no-properties (overlay-start overlay) (overlay-end overlay)))
          (sort (cl-remove-if-not (lambda (overlay) (overlay-get overlay 'cofferdam-applied))
                                  (overlays-in (point-min) (point-max)))
                (lambda (a b) (< (overlay-start a) (overlay-start b))))))

(defun cofferdam-tests--apply-with (key)
  "Press KEY, wait until something was applied, and return what the server was asked."
  (let* ((done nil)
         (cofferdam-applied-functions (list (lambda (&rest _) (setq done t)))))
    (cofferdam-tests--press key)
    (cofferdam-tests--wait done)
    (car (last (cofferdam-tests--received "agent/apply")))))

(ert-deftest cofferdam-review-applies-hunks ()
  (cofferdam-tests--reviewing
    (goto-char (point-min))
    (search-forward "@@ -9")
    (should (equal (plist-get (cofferdam-tests--apply-with "a") :hunks)
                   [(:path "main.c" :ids ["h2"])]))
    (should (equal (cofferdam-tests--applied-marks) '("@@ -9,2 +9,3 @@ main")))
    (goto-char (point-min))
    (cofferdam-tests--press "n")
    (should (equal (plist-get (cofferdam-tests--apply-with "C-c C-a") :hunks)
                   [(:path "main.c" :ids ["h1"])]))
    (goto-char (point-min))
    (search-forward "old mode")
    (should (equal (plist-get (cofferdam-tests--apply-with "a") :hunks)
                   [(:path "main.c" :ids ["mode"])]))
    (let ((params (cofferdam-tests--apply-region (point-min) (point-max))))
      (should (equal (plist-get params :hunks)
                     [(:path "main.c" :ids ["mode" "h1" "h2"])]))
      (should (equal (plist-get params :paths) ["new.c"])))))

(defun cofferdam-tests--apply-region (beg end)
  "Apply the hunks from BEG to END and return what the server was asked."
  (let* ((done nil)
         (cofferdam-applied-functions (list (lambda (&rest _) (setq done t)))))
    (cofferdam-review-apply beg end)
    (cofferdam-tests--wait done)
    (car (last (cofferdam-tests--received "agent/apply")))))

(ert-deftest cofferdam-review-applies-files-and-undoes ()
  (cofferdam-tests--reviewing
    (goto-char (point-max))
    (forward-line -1)
    (should (equal (plist-get (cofferdam-tests--apply-with "A") :paths) ["new.c"]))
    (should (equal (cofferdam-tests--applied-marks) '("diff --git a/new.c b/new.c")))
    (let* ((result nil)
           (cofferdam-undone-functions (list (lambda (answer) (setq result answer)))))
      (cofferdam-tests--press "u")
      (cofferdam-tests--wait result)
      (should (equal (plist-get result :undone) ["main.c"]))
      (should-not (cofferdam-tests--applied-marks))
      (should (equal (plist-get (car (cofferdam-tests--received "agent/undo"))
                                :sessionId)
                     (cofferdam-session-id cofferdam--session))))))

(ert-deftest cofferdam-review-is-safe-and-read-only ()
  (cofferdam-tests--reviewing
    (should buffer-read-only)
    (goto-char (point-min))
    (search-forward "\e")
    (should (equal (substring-no-properties (get-text-property (1- (point)) 'display)) "^["))
    (goto-char (point-min))
    (should-error (cofferdam-review-apply (point-max) (point-max)) :type 'user-error)))

(ert-deftest cofferdam-list-shows-sessions ()
  (cofferdam-tests--with-project
    (cofferdam-tests--run "fix the build")
    (save-window-excursion
      (cofferdam-list)
      (cofferdam-tests--wait (and (derived-mode-p 'cofferdam-list-mode)
                                  (tabulated-list-get-id)))
      (set-buffer (window-buffer))
      (should (string-search "fix the build" (buffer-string)))
      (should (eq cofferdam--session (car (cofferdam--all-sessions))))
      (call-interactively (key-binding (kbd "RET")))
      (cofferdam-tests--wait (derived-mode-p 'cofferdam-transcript-mode)))))

(ert-deftest cofferdam-doctor-reports ()
  (cofferdam-tests--with-project
    (save-window-excursion
      (cofferdam-doctor)
      (cofferdam-tests--wait (with-current-buffer "*cofferdam doctor*"
                               (string-search "doctor ended" (buffer-string))))
      (with-current-buffer "*cofferdam doctor*"
        (should (string-search "language server cofferdam fake" (buffer-string)))
        (should (string-search "positions in utf-32" (buffer-string)))))
    (let ((cofferdam-command '("no-such-cofferdam")))
      (save-window-excursion
        (cofferdam-doctor)
        (with-current-buffer "*cofferdam doctor*"
          (should (string-search "cannot find no-such-cofferdam" (buffer-string))))))))

(ert-deftest cofferdam-commands-have-keys-and-docs ()
  (with-temp-buffer
    (insert-file-contents (expand-file-name "cofferdam.texi" (file-name-directory
                                                              (locate-library "cofferdam"))))
    (map-keymap (lambda (event command)
                  (should (commandp command))
                  (should (documentation command))
                  (goto-char (point-min))
                  (should (search-forward (format "@findex %s\n" command) nil t))
                  (goto-char (point-min))
                  (should (search-forward (format "C-c a %c" event) nil t)))
                cofferdam-command-map))
  (require 'cofferdam-menu)
  (should (commandp 'cofferdam-menu)))

(provide 'cofferdam-tests)
;;; cofferdam-tests.el ends here
