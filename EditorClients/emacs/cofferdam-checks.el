;;; cofferdam-checks.el --- Checks and what they prove, in the transcript  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; How commands and checks ended, what they found, and the end of a turn:
;; the evidence of its checks, and why it is not verified.

;;; Code:

(require 'cofferdam-items)

(defconst cofferdam--diagnostics-shown 20
  "Diagnostics listed per update; \\[cofferdam-diagnostics] lists all.")

(defconst cofferdam--findings-shown 50
  "Findings of the gate listed; \\[cofferdam-diagnostics] lists all.")

(defconst cofferdam--short-hash 8
  "Characters of a git object name that tell trees apart.")

;;; Ends

(defun cofferdam--losses (result)
  "Return what of the output of RESULT was not kept, as text to append."
  (mapconcat
   (lambda (stream)
     (let ((lost (plist-get result (cdr stream))))
       (if (null lost) ""
         (format "; %s not kept from byte %s (%s)" (car stream) (plist-get lost :from)
                 (if (equal (plist-get lost :reason) "outputLimit") "limit of output"
                   (cofferdam--one-line (plist-get lost :message)))))))
   '(("stdout" . :stdoutTruncated) ("stderr" . :stderrTruncated)) ""))

(defun cofferdam--result-text (result)
  "Return (TEXT . GOOD) for RESULT, a CommandResult of the protocol."
  (let* ((status (plist-get result :status))
         (code (plist-get result :exitCode))
         (good (and (equal status "exited") (equal code 0)))
         (text (pcase status
                 ("exited" (format "exit %s" code))
                 ("signalled" (format "killed by signal %s" (plist-get result :signal)))
                 ("timedOut" "timed out")
                 ("killed" "killed")
                 ("outOfMemory" "out of memory")
                 ("couldNotStart" "could not start")
                 (_ (cofferdam--one-line status 40))))
         (why (cofferdam--one-line (plist-get result :message))))
    (cons (format "%s%s in %s%s" text
                  (if (string-empty-p why) "" (concat " (" why ")"))
                  (cofferdam--duration (plist-get result :durationMilliseconds))
                  (cofferdam--losses result))
          good)))

(defun cofferdam--emit-end (good text)
  "Emit the end of an item: a mark by GOOD, and TEXT."
  (cofferdam--fresh-line)
  (cofferdam--emit (format "  %s %s\n"
                           (if good (cofferdam--glyph "✓" "ok") (cofferdam--glyph "✗" "!!"))
                           text)
                   'face (if good 'cofferdam-success 'cofferdam-failure)))

(defun cofferdam--capped (text limit)
  "Return TEXT, cut after LIMIT characters with a note."
  (if (length> text limit)
      (format "%s\n[%d characters left out]" (substring text 0 limit)
              (- (length text) limit))
    text))

;;; Evidence

(defun cofferdam--command-words (command)
  "Return COMMAND, a sequence of words, in one line.
A shell's script is as it was written."
  (let ((words (append command nil)))
    (cofferdam--one-line
     (if (and (= (length words) 3) (equal (seq-take words 2) '("/bin/sh" "-c")))
         (nth 2 words)
       (mapconcat (lambda (word) (format "%s" word)) words " ")))))

(defun cofferdam--check-title (check)
  "Return name and command of CHECK, an event or evidence."
  (let ((name (cofferdam--one-line (plist-get check :name) 60))
        (command (cofferdam--command-words (plist-get check :command))))
    (concat name (unless (member command (list name "")) (concat ": " command)))))

(defun cofferdam--check-counts (evidence)
  "Return what EVIDENCE counts, as a list of phrases."
  (let ((tests (plist-get evidence :tests)))
    (append
     (and tests
          (list (format "%s passed, %s failed, %s skipped" (plist-get tests :passed)
                        (plist-get tests :failed) (plist-get tests :skipped))))
     (cl-loop for (key . noun) in '((:errors . "error") (:warnings . "warning"))
              for count = (plist-get evidence key)
              when (and (integerp count) (> count 0))
              collect (cofferdam--plural count noun)))))

(defun cofferdam--evidence-text (evidence)
  "Return the whole EVIDENCE of a check in one line.
It is its name and command, its exit record, what was counted, when it
began, and the tree that it ran on."
  (let ((began (plist-get evidence :startedAt))
        (tree (plist-get evidence :treeHash))
        (ran-on (plist-get evidence :ranOn)))
    (string-join
     `(,(cofferdam--check-title evidence)
       ,(car (cofferdam--result-text (plist-get evidence :result)))
       ,@(cofferdam--check-counts evidence)
       ,@(and (integerp began) (list (format-time-string "%H:%M:%S" (/ began 1000))))
       ,@(and (stringp tree) (list (concat "tree " (cofferdam--short-tree tree))))
       ,@(and (stringp ran-on)
              (list (format "ran on %s with the same files" (cofferdam--short-tree ran-on))))
       ,@(unless (eq (plist-get evidence :required) t) '("not required"))
       ,@(and (equal (plist-get evidence :origin) "organisation") '("the organisation's"))
       ,@(cofferdam--cached-words evidence))
     ", ")))

(defun cofferdam--short-tree (hash)
  "Return the beginning of HASH, a git object name."
  (cofferdam--one-line (substring hash 0 (min (length hash) cofferdam--short-hash))))

(defun cofferdam--cached-words (evidence)
  "Return a phrase, as a list, if EVIDENCE is only known and thus proves nothing."
  (and (eq (plist-get evidence :fromCache) t) '("not run: known from an earlier session")))

(defun cofferdam--show-check-completed (id event)
  "Show EVENT of type checkCompleted for item ID."
  (cofferdam--end-output id)
  (let* ((evidence (plist-get event :evidence))
         (passed (eq (plist-get evidence :passed) t)))
    (cofferdam--emit-end
     passed
     (format "%s%s, %s" (if passed "passed" "failed")
             (if (eq (plist-get evidence :required) t) "" " (not required)")
             (string-join `(,(car (cofferdam--result-text (plist-get evidence :result)))
                            ,@(cofferdam--check-counts evidence)
                            ,@(cofferdam--cached-words evidence))
                          ", ")))))

;;; Diagnostics

(defun cofferdam--visit (root path range)
  "Show RANGE of PATH, a file in ROOT."
  (let ((file (cofferdam--inside-p (expand-file-name path root) root)))
    (unless (and file (file-exists-p file))
      (user-error "%s is not in the working tree" path))
    (pop-to-buffer (find-file-noselect file))
    (cofferdam--goto-text-range range)))

(defun cofferdam--place-button (root path range text)
  "Return TEXT as a button to go to RANGE of PATH, a file in ROOT."
  (make-text-button text nil 'follow-link t 'help-echo "Go there"
                    'action (lambda (_) (cofferdam--visit root path range))))

(defun cofferdam--show-diagnostics (session event)
  "Show EVENT of type diagnosticsUpdated of SESSION."
  (let* ((diagnostics (plist-get event :diagnostics))
         (delta (cofferdam--delta-of event))
         (total (plist-get delta :total)))
    (unless (= 0 total (plist-get delta :fixed))
      (cofferdam--fresh-line)
      (cofferdam--emit (format "  %s %s: %s\n" (cofferdam--glyph "◆" "#")
                               (cofferdam--one-line (plist-get event :check) 60)
                               (cofferdam--delta-text delta))
                       'face (if (= 0 total) 'cofferdam-success 'cofferdam-warning)))
    (cl-loop for diagnostic across (vconcat diagnostics)
             repeat cofferdam--diagnostics-shown
             do (cofferdam--show-diagnostic diagnostic (cofferdam-session-root session)))
    (when (> (length diagnostics) cofferdam--diagnostics-shown)
      (cofferdam--emit-face 'cofferdam-meta "    and %d more (M-x cofferdam-diagnostics)\n"
                            (- total cofferdam--diagnostics-shown)))))

(defun cofferdam--show-diagnostic (diagnostic root)
  "Show DIAGNOSTIC with a button to go to its place beneath ROOT."
  (let* ((path (or (plist-get diagnostic :path) ""))
         (range (plist-get diagnostic :range))
         (place (concat (cofferdam--one-line path)
                        (and range (format ":%s:%s" (plist-get range :startLine)
                                           (plist-get range :startColumn)))))
         (severity (plist-get diagnostic :severity)))
    (cofferdam--emit
     (concat "    "
             (if (string-empty-p path)
                 ""
               (concat (cofferdam--place-button root path range place) " "))
             (propertize (cofferdam--one-line severity 20)
                         'face (if (equal severity "error")
                                   'cofferdam-failure 'cofferdam-warning))
             ": " (cofferdam--one-line (plist-get diagnostic :message) 300)
             (propertize (format " [%s]"
                                 (string-trim
                                  (concat (cofferdam--one-line (plist-get diagnostic :tool) 40)
                                          " "
                                          (cofferdam--one-line (plist-get diagnostic :code) 60))))
                         'face 'cofferdam-meta)
             "\n"))))

;;; The end of a turn

(defun cofferdam--show-findings (findings root)
  "Show FINDINGS of the gate, a list: why it is not verified.
ROOT is the project's."
  (when findings
    (cofferdam--emit "  Why this is not verified:\n" 'face 'cofferdam-warning)
    (dolist (finding (seq-take findings cofferdam--findings-shown))
      (let* ((path (or (plist-get finding :path) ""))
             (line (plist-get finding :line))
             (place (concat (cofferdam--one-line path) (and line (format ":%s" line)))))
        (cofferdam--emit
         (concat "  " (cofferdam--glyph "‼" "!") " "
                 (if (string-empty-p path)
                     ""
                   (concat (cofferdam--place-button
                            root path (and line (list :startLine line :startColumn 1)) place)
                           ": "))
                 (cofferdam--one-line (plist-get finding :message) 500)
                 (propertize (format " [%s]" (cofferdam--one-line (plist-get finding :rule) 60))
                             'face 'cofferdam-meta)
                 "\n")
         'face 'cofferdam-warning)))
    (when-let ((more (nthcdr cofferdam--findings-shown findings)))
      (cofferdam--emit-face 'cofferdam-meta "  and %d more (M-x cofferdam-diagnostics)\n"
                            (length more)))))

(defun cofferdam--show-turn-completed (session event)
  "Show EVENT of type turnCompleted of SESSION."
  (let* ((outcome (plist-get event :outcome))
         (changed (append (plist-get event :changedFiles) nil))
         (face (pcase outcome
                 ((or "verified" "answered") 'cofferdam-success)
                 ("failed" 'cofferdam-failure)
                 (_ 'cofferdam-warning))))
    (clrhash cofferdam--items)
    (setq cofferdam--writer nil)
    (cofferdam--gap)
    (cofferdam--emit (format "%s %s%s\n" (cofferdam--glyph "■" "=") outcome
                             (let ((reason (plist-get event :reason)))
                               (if (member reason (list outcome "" nil))
                                   ""
                                 (concat ": " (cofferdam--one-line reason 500)))))
                     'face face 'cofferdam-item 'end)
    (cofferdam--show-findings (append (plist-get event :gateFindings) nil)
                              (cofferdam-session-root session))
    (cofferdam--emit-face 'cofferdam-meta "  %s, %s\n"
                          (cofferdam--plural (or (plist-get event :steps) 0) "step")
                          (cofferdam--duration (plist-get event :durationMilliseconds)))
    (mapc (lambda (evidence)
            (cofferdam--emit-end (eq (plist-get evidence :passed) t)
                                 (cofferdam--evidence-text evidence)))
          (plist-get event :evidence))
    (dolist (path (seq-take changed 50))
      (cofferdam--emit (concat "  "
                               (cofferdam--place-button (cofferdam-session-root session)
                                                        path nil (cofferdam--one-line path))
                               "\n")
                       'face 'cofferdam-meta))
    (when (nthcdr 50 changed)
      (cofferdam--emit-face 'cofferdam-meta "  and %d more\n" (- (length changed) 50)))
    (when changed
      (cofferdam--emit
       (concat "  " (cofferdam--button "[Diff]" 'cofferdam-diff "Show the changes")
               "  " (cofferdam--button "[Apply]" 'cofferdam-apply
                                       "Write the changes into the working tree")
               "\n")))))

(provide 'cofferdam-checks)
;;; cofferdam-checks.el ends here
