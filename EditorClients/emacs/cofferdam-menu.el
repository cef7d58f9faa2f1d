;;; cofferdam-menu.el --- All commands in one menu  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; A transient menu, for those who do not know the keys yet.

;;; Code:

(require 'cofferdam)
(require 'transient)

;;;###autoload (autoload 'cofferdam-menu "cofferdam-menu" nil t)
(transient-define-prefix cofferdam-menu ()
  "Menu of Cofferdam."
  [["Ask"
    ("c" "Start a session" cofferdam-start)
    ("f" "Fix diagnostics here" cofferdam-fix)
    ("i" "Prompt a session" cofferdam-prompt)
    ("I" "Add a picture" cofferdam-attach-image)
    ("m" "Choose a model" cofferdam-choose-model)]
   ["Diagnostics"
    ("e" "List all" cofferdam-diagnostics)
    ("x" "Apply the tool's fix" cofferdam-tool-fix)
    ("X" "Apply all in the file" cofferdam-tool-fix-all)
    ("." "Code action" cofferdam-code-action)]
   ["Approve"
    ("y" "Approve" cofferdam-approve)
    ("n" "Reject" cofferdam-reject)]
   ["Result"
    ("d" "Diff" cofferdam-diff)
    ("a" "Apply" cofferdam-apply)
    ("U" "Undo an apply" cofferdam-undo)
    ("P" "Publish" cofferdam-publish)]
   ["Sessions"
    ("t" "Transcript" cofferdam-transcript)
    ("l" "List" cofferdam-list)
    ("r" "Attach" cofferdam-attach)
    ("F" "Fork at a step" cofferdam-fork)
    ("u" "Back to a step" cofferdam-restore)
    ("k" "Cancel the turn" cofferdam-cancel)
    ("K" "Stop the session" cofferdam-stop)]
   ["Help"
    ("?" "Doctor" cofferdam-doctor)
    ("m" "Manual" cofferdam-manual)]])

(provide 'cofferdam-menu)
;;; cofferdam-menu.el ends here
