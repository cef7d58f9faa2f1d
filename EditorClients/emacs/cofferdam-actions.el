;;; cofferdam-actions.el --- Code actions: the tools' own fixes and more  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; What a compiler or linter in the sandbox said how to mend comes as
;; code actions of the language server, and so do the questions to an
;; agent and what can be done with sessions.

;;; Code:

(require 'cofferdam-client)
(require 'cofferdam-documents)
(require 'cofferdam-edit)

(defun cofferdam--actions (beg end kind function)
  "Ask for the code actions of KIND from BEG to END of this buffer.
KIND is nil for all.  FUNCTION is called in this buffer with a list of
them, unless the text has changed meanwhile."
  (unless cofferdam--doc-conn
    (user-error "No session has checked this file"))
  (let ((buffer (current-buffer))
        (conn cofferdam--doc-conn)
        (encoding (cofferdam--conn-encoding cofferdam--doc-conn)))
    (cofferdam--request
     conn 'textDocument/codeAction
     (list :textDocument (list :uri cofferdam--doc-uri)
           :range (list :start (cofferdam--lsp-position beg encoding)
                        :end (cofferdam--lsp-position end encoding))
           :context `( :diagnostics ,(vconcat (and (null kind)
                                                   (cofferdam--lsp-diagnostics beg end)))
                       ,@(and kind (list :only (vector kind)))))
     :on-success
     (let ((tick (buffer-chars-modified-tick)))
       (lambda (actions)
         (when (buffer-live-p buffer)
           (with-current-buffer buffer
             (if (= tick (buffer-chars-modified-tick))
                 (funcall function (append actions nil))
               (message "Cofferdam: the text has changed meanwhile; ask again")))))))))

(defun cofferdam--lsp-diagnostics (beg end)
  "Return the LSP diagnostics from BEG to END that Flymake's have."
  (when (bound-and-true-p flymake-mode)
    (delq nil (mapcar #'cofferdam--lsp-of (flymake-diagnostics beg end)))))

(defun cofferdam--action-title (action)
  "Return the title of ACTION, harmless."
  (cofferdam--one-line (plist-get action :title)))

;;; Edits

(defun cofferdam--action-documents (action)
  "Return the edits of ACTION as a list of (URI . EDITS)."
  (let ((edit (plist-get action :edit)))
    (if-let ((changes (plist-get edit :documentChanges)))
        (cl-loop for change across (vconcat changes)
                 unless (plist-get change :kind)
                 collect (cons (plist-get (plist-get change :textDocument) :uri)
                               (append (plist-get change :edits) nil)))
      (cl-loop for (uri edits) on (plist-get edit :changes) by #'cddr
               collect (cons (substring (symbol-name uri) 1) (append edits nil))))))

(defun cofferdam--position< (a b)
  "Return non-nil if the LSP position A comes before B."
  (let ((line-a (plist-get a :line)) (line-b (plist-get b :line)))
    (or (< line-a line-b)
        (and (= line-a line-b) (< (plist-get a :character) (plist-get b :character))))))

(defun cofferdam--edits-overlap-p (one other)
  "Return non-nil if the LSP text edits ONE and OTHER touch the same text."
  (let ((a (plist-get one :range)) (b (plist-get other :range)))
    (or (equal (plist-get a :start) (plist-get b :start))
        (and (cofferdam--position< (plist-get a :start) (plist-get b :end))
             (cofferdam--position< (plist-get b :start) (plist-get a :end))))))

(defun cofferdam--merge-actions (actions)
  "Return (COUNT . DOCUMENTS): the edits of ACTIONS together, by URI.
Each is taken whole or not at all; of two at the same place the first."
  (let ((taken nil) (count 0))
    (dolist (action actions)
      (let ((documents (cofferdam--action-documents action)))
        (unless (or (null documents)
                    (cl-loop for (uri . edits) in documents
                             thereis (cl-loop
                                      for edit in edits
                                      thereis (cl-member edit (cdr (assoc uri taken))
                                                         :test #'cofferdam--edits-overlap-p))))
          (cl-incf count)
          (pcase-dolist (`(,uri . ,edits) documents)
            (setf (alist-get uri taken nil nil #'equal)
                  (append (alist-get uri taken nil nil #'equal) edits))))))
    (cons count taken)))

(defun cofferdam--apply-actions (conn actions)
  "Make the edits of ACTIONS of CONN; buffers are not saved."
  (pcase-let ((`(,count . ,documents) (cofferdam--merge-actions actions))
              (cofferdam-save-applied 'unvisited))
    (cofferdam--apply-edit
     conn
     (list :documentChanges
           (vconcat (mapcar (pcase-lambda (`(,uri . ,edits))
                              (list :textDocument (list :uri uri) :edits (vconcat edits)))
                            documents))))
    (message "Cofferdam: %s" (if (= count 1)
                                 (cofferdam--action-title (car actions))
                               (format "%d fixes of the tools applied" count)))))

(defun cofferdam--with-fixes (beg end kind function)
  "Call FUNCTION with the actions of KIND from BEG to END that are edits."
  (cofferdam--actions
   beg end kind
   (lambda (actions)
     (if-let ((fixes (cl-remove-if-not (lambda (action) (plist-get action :edit)) actions)))
         (funcall function fixes)
       (message "Cofferdam: the tools have no fixes here")))))

;;; Commands

(defvar cofferdam--started-functions nil
  "Functions called with a connection and the result of a command of it.
The command may have started a session.")

(defun cofferdam--choose-action (prompt actions)
  "Ask with PROMPT for one of ACTIONS; a single one needs no question."
  (if (not (cdr actions))
      (car actions)
    (let* ((choices (mapcar (lambda (action) (cons (cofferdam--action-title action) action))
                            actions))
           (choice (completing-read (format-prompt prompt (caar choices)) choices nil t nil nil
                                    (caar choices))))
      (cdr (assoc choice choices)))))

;;;###autoload
(defun cofferdam-tool-fix ()
  "Apply the fix that a tool in the sandbox gave for this line.
Choose where there are several.  With an active region apply all that
are in it."
  (interactive)
  (let ((region (use-region-p))
        (conn cofferdam--doc-conn)
        (buffer (current-buffer)))
    (cofferdam--with-fixes
     (if region (region-beginning) (line-beginning-position))
     (if region (region-end) (line-end-position))
     "quickfix"
     (lambda (fixes)
       (let ((tick (buffer-chars-modified-tick))
             (chosen (if region fixes (list (cofferdam--choose-action "Fix" fixes)))))
         (with-current-buffer buffer
           (if (= tick (buffer-chars-modified-tick))
               (cofferdam--apply-actions conn chosen)
             (message "Cofferdam: the text has changed meanwhile; ask again"))))))))

;;;###autoload
(defun cofferdam-tool-fix-all ()
  "Apply all fixes that the tools in the sandbox gave for this file."
  (interactive)
  (let ((conn cofferdam--doc-conn))
    (cofferdam--with-fixes
     (point-min) (point-max) "source.fixAll.cofferdam"
     (lambda (fixes) (cofferdam--apply-actions conn (list (car fixes)))))))

;;;###autoload
(defun cofferdam-code-action ()
  "Choose one of Cofferdam's code actions for this line or the region.
There are the fixes of the tools, what to ask the agent about the
diagnostics here, and what can be done with running sessions."
  (interactive)
  (let ((region (use-region-p))
        (conn cofferdam--doc-conn))
    (cofferdam--actions
     (if region (region-beginning) (line-beginning-position))
     (if region (region-end) (line-end-position))
     nil
     (lambda (actions)
       (if (not actions)
           (message "Cofferdam: nothing to do here")
         (cofferdam--run-action conn (cofferdam--choose-action "Action" actions)))))))

(defun cofferdam--run-action (conn action)
  "Do ACTION, a code action of CONN."
  (when (plist-get action :edit)
    (cofferdam--apply-actions conn (list action)))
  (when-let ((command (plist-get action :command)))
    (cofferdam--request conn 'workspace/executeCommand
                        (list :command (plist-get command :command)
                              :arguments (or (plist-get command :arguments) []))
                        :on-success (lambda (result)
                                      (run-hook-with-args 'cofferdam--started-functions
                                                          conn result)))))

(provide 'cofferdam-actions)
;;; cofferdam-actions.el ends here
