;;; cofferdam-items.el --- Running items of a transcript  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Messages, reasoning and output come in pieces; here is what has come
;; of each.  Output is capped per item, so that ten megabytes of it cost
;; little more than one.

;;; Code:

(require 'cofferdam-transcript)

(defcustom cofferdam-transcript-output-limit (* 64 1024)
  "Characters of output shown per tool call or check.
The end of longer output is shown too; what is between is counted."
  :type 'natnum
  :group 'cofferdam
  :package-version '(cofferdam . "0.1.0"))

(defconst cofferdam--tail-limit 4096
  "Characters of the end of capped output that are shown.")
(defconst cofferdam--text-limit (* 1024 1024)
  "Characters shown of one message; no model writes more.")

(cl-defstruct (cofferdam--item (:copier nil))
  "A running item of a transcript."
  title kind
  (pieces nil) (size 0)                 ; of a message, newest first
  (shown 0) (hidden 0) (tail "")        ; of output, in characters
  (carries nil))                        ; alist of stream and unfinished text

;;; Items

(defun cofferdam--item-get (id)
  "Return the running item ID; make it if it is unknown."
  (or (gethash id cofferdam--items)
      (puthash id (make-cofferdam--item :kind 'unknown) cofferdam--items)))

(defun cofferdam--begin-item (id kind title)
  "Begin item ID of KIND, shown under the line TITLE if that is non-nil."
  (puthash id (make-cofferdam--item :kind kind :title title) cofferdam--items)
  (setq cofferdam--writer id)
  (when title
    (cofferdam--gap)
    (cofferdam--emit (concat (cofferdam--glyph "●" "*") " " title "\n")
                     'face 'cofferdam-tool 'cofferdam-item id)))

(defun cofferdam--writer-is (id)
  "Note that item ID writes; say so when another one wrote last."
  (unless (equal id cofferdam--writer)
    (cofferdam--fresh-line)
    (setq cofferdam--writer id)
    (when-let ((title (cofferdam--item-title (cofferdam--item-get id))))
      (cofferdam--emit (format "  [%s]\n" title) 'face 'cofferdam-meta))))

(defun cofferdam--output-bytes (event item)
  "Return the text of EVENT, an outputDelta of ITEM; keep unfinished bytes."
  (or (plist-get event :text)
      (let* ((bytes (concat (alist-get 'bytes (cofferdam--item-carries item) "")
                            (base64-decode-string (or (plist-get event :base64) ""))))
             ;; A character may be cut at the end: at most three of its bytes.
             (cut (string-match-p
                   (concat "\\(?:[\u00c2-\u00f4]\\|[\u00e0-\u00f4][\u0080-\u00bf]\\|"
                           "[\u00f0-\u00f4][\u0080-\u00bf][\u0080-\u00bf]\\)\\'")
                   (decode-coding-string bytes 'latin-1))))
        (setf (alist-get 'bytes (cofferdam--item-carries item))
              (if cut (substring bytes cut) ""))
        (decode-coding-string (if cut (substring bytes 0 cut) bytes) 'utf-8))))

(defun cofferdam--write-output (id event)
  "Show the output of EVENT for item ID up to the limit."
  (let* ((item (cofferdam--item-get id))
         (text (cofferdam--output-bytes event item))
         (room (- cofferdam-transcript-output-limit (cofferdam--item-shown item))))
    (when (> room 0)
      (let ((shown (if (length> text room) (substring text 0 room) text)))
        (cl-incf (cofferdam--item-shown item) (length shown))
        (cofferdam--writer-is id)
        (cofferdam--emit-output item (plist-get event :stream) shown)
        (setq text (substring text (length shown)))))
    (unless (string-empty-p text)
      (when (= (cofferdam--item-hidden item) 0)
        (cofferdam--writer-is id)
        (cofferdam--fresh-line)
        (cofferdam--emit "  [more output is not shown while it runs]\n"
                         'face 'cofferdam-meta))
      (cl-incf (cofferdam--item-hidden item) (length text))
      (let ((tail (concat (cofferdam--item-tail item) text)))
        (setf (cofferdam--item-tail item)
              (substring tail (max 0 (- (length tail) cofferdam--tail-limit))))))))

(defun cofferdam--emit-output (item stream text)
  "Emit TEXT that ITEM wrote to STREAM, a string or nil."
  (pcase-let* ((carry (alist-get stream (cofferdam--item-carries item) "" nil #'equal))
               (`(,done . ,rest) (cofferdam--split-unfinished (concat carry text)))
               (face (if (equal stream "stderr")
                         'cofferdam-error-output 'cofferdam-output)))
    (setf (alist-get stream (cofferdam--item-carries item) nil nil #'equal) rest)
    (apply #'cofferdam--emit (cofferdam--neutralise done)
           'face face 'invisible 'cofferdam-output (cofferdam--margin))))

(defun cofferdam--end-output (id)
  "Show what is left of the output of item ID and forget it."
  (when-let ((item (gethash id cofferdam--items)))
    (let ((hidden (cofferdam--item-hidden item))
          (tail (cofferdam--item-tail item)))
      (cofferdam--writer-is id)
      (when (> hidden (length tail))
        (cofferdam--fresh-line)
        (cofferdam--emit (format "  [%s characters left out]\n"
                                 (file-size-human-readable
                                  (- hidden (length tail)) 'si))
                         'face 'cofferdam-meta))
      (unless (string-empty-p tail)
        (cofferdam--emit-output item nil tail))
      (dolist (carry (cofferdam--item-carries item))
        (unless (or (eq (car carry) 'bytes) (equal (cdr carry) "\r"))
          (apply #'cofferdam--emit (cofferdam--neutralise (cdr carry))
                 'invisible 'cofferdam-output (cofferdam--margin)))))
    (cofferdam--fresh-line)
    (remhash id cofferdam--items)))

;;; Messages and reasoning

(defun cofferdam--text-properties (kind)
  "Return text properties for words of KIND, `message' or `reasoning'."
  (if (eq kind 'reasoning)
      '(face cofferdam-reasoning invisible cofferdam-reasoning)
    '(face cofferdam-message)))

(defun cofferdam--begin-text (id kind)
  "Begin item ID of KIND `message' or `reasoning'."
  (cofferdam--begin-item id kind nil)
  (cofferdam--gap)
  (when (eq kind 'reasoning)
    (cofferdam--emit (concat (cofferdam--glyph "…" "...")
                             (substitute-command-keys
                              " reasoning (\\<cofferdam-transcript-mode-map>\\[cofferdam-transcript-toggle-reasoning])")
                             "\n")
                     'face 'cofferdam-meta 'cofferdam-item id)))

(defun cofferdam--more-text (id text kind)
  "Show TEXT, more of item ID of KIND."
  (let ((item (cofferdam--item-get id)))
    (when (eq (cofferdam--item-kind item) 'unknown)
      (cofferdam--begin-text id kind)
      (setq item (cofferdam--item-get id)))
    (when (< (cofferdam--item-size item) cofferdam--text-limit)
      (push text (cofferdam--item-pieces item))
      (cl-incf (cofferdam--item-size item) (length text))
      (unless (equal id cofferdam--writer)
        (cofferdam--fresh-line)
        (setq cofferdam--writer id))
      (apply #'cofferdam--emit (cofferdam--show-controls text)
             (cofferdam--text-properties kind)))))

(defun cofferdam--end-text (id text kind)
  "End item ID of KIND; show its whole TEXT again if other text was shown."
  (let* ((item (gethash id cofferdam--items))
         (seen (if item (apply #'concat (reverse (cofferdam--item-pieces item))) "")))
    (cond
     ((equal seen text))
     ((string-prefix-p seen text)
      (cofferdam--more-text id (substring text (length seen)) kind))
     ((< (length seen) cofferdam--text-limit)
      (cofferdam--fresh-line)
      (cofferdam--emit "[the text was replaced by]\n" 'face 'cofferdam-meta)
      (apply #'cofferdam--emit (cofferdam--show-controls text)
             (cofferdam--text-properties kind))))
    (if (and (eq kind 'reasoning) (/= cofferdam--column 0))
        ;; Its last line ends invisibly too.
        (apply #'cofferdam--emit "\n" (cofferdam--text-properties kind))
      (cofferdam--fresh-line))
    (remhash id cofferdam--items)))

(provide 'cofferdam-items)
;;; cofferdam-items.el ends here
