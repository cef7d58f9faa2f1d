;;; cofferdam-core.el --- Text, positions and faces for Cofferdam  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; What every other file of the package stands on: the customization
;; group, the faces, and functions from text to text.  Everything that
;; comes from the wire is hostile: it goes through
;; `cofferdam--neutralise' or `cofferdam--one-line' before it is shown.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'url-util)

(defgroup cofferdam nil
  "A coding agent whose work happens in a sandbox."
  :group 'tools
  :prefix "cofferdam-"
  :link '(custom-manual "(cofferdam) Top")
  :link '(url-link "https://github.com/cofferdam/cofferdam"))

;;; Faces

(defface cofferdam-prompt '((t :inherit (font-lock-function-name-face bold)))
  "Face of the user's prompts in transcripts." :group 'cofferdam)
(defface cofferdam-message '((t))
  "Face of the model's words in transcripts." :group 'cofferdam)
(defface cofferdam-reasoning '((t :inherit (shadow italic)))
  "Face of the model's reasoning in transcripts." :group 'cofferdam)
(defface cofferdam-tool '((t :inherit font-lock-keyword-face))
  "Face of tool calls and checks in transcripts." :group 'cofferdam)
(defface cofferdam-output '((t))
  "Face of what commands write to standard output." :group 'cofferdam)
(defface cofferdam-error-output '((t :inherit font-lock-string-face))
  "Face of what commands write to standard error." :group 'cofferdam)
(defface cofferdam-success '((t :inherit success))
  "Face of good ends: exit status 0, passed, verified." :group 'cofferdam)
(defface cofferdam-failure '((t :inherit error))
  "Face of bad ends: other exit statuses, failed, denied." :group 'cofferdam)
(defface cofferdam-warning '((t :inherit warning))
  "Face of what needs the user's attention." :group 'cofferdam)
(defface cofferdam-meta '((t :inherit shadow))
  "Face of notes by Cofferdam itself." :group 'cofferdam)
(defface cofferdam-control '((t :inherit escape-glyph))
  "Face of control characters that are shown instead of obeyed."
  :group 'cofferdam)

;;; Hostile text

(defconst cofferdam--ansi-regexp
  (concat "\e\\[[0-?]*[ -/]*[@-~]"          ; CSI: colours, cursor movement
          ;; OSC, DCS, SOS, PM, APC up to BEL or ST.
          "\\|\e[]PX^_][^\a\e]*[\a\e]\\\\?"
          "\\|\e[ -/]*[0-OQ-WYZ\\`-~]")     ; two and three character ones
  "Terminal control sequences.")

(defconst cofferdam--control-regexp
  (concat "[\u0000-\u0008\u000b-\u001f\u007f-\u009f"
          ;; Invisible and direction-changing characters: with them a
          ;; command can look like another one.
          "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
          "\U000e0000-\U000e007f]")
  "Characters that change what other characters look like.")

(defconst cofferdam--carry-limit 256
  "Characters of an unfinished control sequence to keep for the next piece.
A longer one is not a control sequence but an attack or a mistake.")

(defun cofferdam--visible-control (string)
  "Return a visible name of the one control character in STRING."
  (let ((char (aref string 0)))
    (propertize (cond ((< char 32) (format "^%c" (+ char 64)))
                      ((= char 127) "^?")
                      ((> char #xffff) (format "\\U%08X" char))
                      (t (format "\\u%04X" char)))
                'face 'cofferdam-control)))

(defun cofferdam--show-controls (text)
  "Return TEXT with control characters made visible; tab and newline stay."
  (if (string-match-p cofferdam--control-regexp text)
      (replace-regexp-in-string cofferdam--control-regexp
                                #'cofferdam--visible-control text t t)
    text))

(defun cofferdam--overwrite-lines (text)
  "Return TEXT in which a carriage return erases the line before it."
  (if (not (string-search "\r" text))
      text
    (mapconcat (lambda (line)
                 (let* ((line (string-trim-right line "\r+"))
                        (last (cl-position ?\r line :from-end t)))
                   (if last (substring line (1+ last)) line)))
               (split-string text "\n") "\n")))

(defun cofferdam--neutralise (text)
  "Return TEXT without terminal sequences and with visible controls.
For example \"\\e[31mred\\e[0m\\a\" becomes \"red^G\"."
  (when (string-search "\e" text)
    (setq text (replace-regexp-in-string cofferdam--ansi-regexp "" text t t)))
  (cofferdam--show-controls (cofferdam--overwrite-lines text)))

(defun cofferdam--split-unfinished (text)
  "Return (DONE . REST) where REST begins an unfinished sequence at TEXT's end.
DONE and REST together are TEXT; REST is to be put before the next piece."
  (let* ((from (max 0 (- (length text) cofferdam--carry-limit)))
         (escape (cl-position ?\e text :from-end t :start from))
         (cut (cond
               ((and escape
                     (string-match-p
                      "\\`\e\\(?:\\[[0-?]*[ -/]*\\|[]PX^_][^\a\e]*\\|[ -/]*\\)\\'"
                      (substring text escape)))
                escape)
               ;; "\r" may be the first half of "\r\n".
               ((string-suffix-p "\r" text) (1- (length text))))))
    (if cut
        (cons (substring text 0 cut) (substring text cut))
      (cons text ""))))

(defun cofferdam--one-line (value &optional width)
  "Return VALUE, whatever it is, as one harmless line of at most WIDTH columns.
WIDTH defaults to 200."
  (let* ((text (cond ((stringp value) value)
                     ((null value) "")
                     (t (format "%s" value))))
         (text (if (length> text 2000) (substring text 0 2000) text))
         (text (replace-regexp-in-string "[ \t\n\r]+" " " (string-trim text))))
    (truncate-string-to-width (cofferdam--neutralise text)
                              (or width 200) nil nil "…")))

(defun cofferdam--wrap-long-lines (text column limit)
  "Break lines of TEXT that are longer than LIMIT characters.
COLUMN is where TEXT begins in its line.  Return (NEW-TEXT . NEW-COLUMN).
Emacs becomes slow on very long lines."
  (let ((start 0) (size (length text)) (pieces nil) newline)
    (while (< start size)
      (setq newline (string-search "\n" text start))
      (let ((end (or newline size)))
        (while (> (+ column (- end start)) limit)
          (let ((cut (+ start (max 0 (- limit column)))))
            (push (substring text start cut) pieces)
            (push (propertize "\n" 'cofferdam-soft-newline t) pieces)
            (setq start cut column 0)))
        (setq column (if newline 0 (+ column (- end start))))
        (let ((next (if newline (1+ newline) size)))
          (push (substring text start next) pieces)
          (setq start next))))
    (cons (apply #'concat (nreverse pieces)) column)))

(defun cofferdam--fontify-diff (patch)
  "Return PATCH, a unified diff, with faces."
  (mapconcat
   (lambda (line)
     (let ((face (cond ((string-match-p "\\`\\(?:\\+\\+\\+\\|---\\|diff \\|index \\)" line)
                        'diff-header)
                       ((string-prefix-p "@@" line) 'diff-hunk-header)
                       ((string-prefix-p "+" line) 'diff-added)
                       ((string-prefix-p "-" line) 'diff-removed)
                       (t 'diff-context))))
       (propertize line 'face face)))
   (split-string (cofferdam--show-controls
                  (replace-regexp-in-string "\r$" "" patch))
                 "\n")
   "\n"))

(defun cofferdam--glyph (glyph fallback)
  "Return GLYPH, or FALLBACK where the display cannot show it."
  (if (char-displayable-p (aref glyph 0)) glyph fallback))

(defun cofferdam--plural (count noun)
  "Return \"COUNT NOUN\", NOUN with an s unless COUNT is 1."
  (format "%d %s%s" count noun (if (= count 1) "" "s")))

(defun cofferdam--duration (milliseconds)
  "Return MILLISECONDS in words: \"0.4 s\", \"2 min 5 s\"."
  (let ((seconds (/ (or milliseconds 0) 1000.0)))
    (if (< seconds 60)
        (format "%.1f s" seconds)
      (format "%d min %d s" (/ (truncate seconds) 60) (mod (truncate seconds) 60)))))

;;; Files and URIs

(defconst cofferdam--uri-characters
  (let ((allowed (copy-sequence url-path-allowed-chars)))
    ;; The percent sign is part of a file's name; the colon may be a drive's.
    (dolist (char '(?% ?: ?\;)) (aset allowed char nil))
    allowed)
  "Characters that stand for themselves in the path of a URI.")

(defun cofferdam--path-to-uri (path)
  "Return the file: URI of PATH."
  (concat "file://" (url-hexify-string (expand-file-name path)
                                       cofferdam--uri-characters)))

(defun cofferdam--uri-to-path (uri)
  "Return the path that the file: URI names; signal an error for another URI."
  (unless (and (stringp uri) (string-match "\\`file://\\(?:localhost\\)?\\(/.*\\)" uri))
    (error "Not a file: URI: %s" (cofferdam--one-line uri)))
  (let ((path (decode-coding-string
               (url-unhex-string (encode-coding-string (match-string 1 uri) 'utf-8) t)
               'utf-8)))
    (when (string-search "\0" path) (error "File name with a null character"))
    ;; A remote name such as /ssh:host:/x must not start a connection.
    (when (file-remote-p path) (setq path (concat "/:" path)))
    path))

(defun cofferdam--inside-p (path root)
  "Return the truename of PATH if it lies inside the directory ROOT, else nil.
PATH need not exist; symbolic links on the way are followed."
  (let ((true (file-truename path))
        (base (file-name-as-directory (file-truename root))))
    (and (string-prefix-p base true) (not (string= base true)) true)))

(defun cofferdam--relative (path root)
  "Return PATH relative to ROOT."
  (file-relative-name (file-truename path) (file-truename root)))

;;; Positions
;;
;; LSP counts characters of a line from 0 in the negotiated encoding.
;; `TextRange' of the agent protocol counts from 1, in UTF-8 bytes.

(defun cofferdam--char-units (char encoding)
  "Return how many units CHAR takes in ENCODING, an LSP position encoding."
  (cond ((equal encoding "utf-16") (if (> char #xffff) 2 1))
        ((equal encoding "utf-8")
         (cond ((< char #x80) 1) ((< char #x800) 2) ((< char #x10000) 3) (t 4)))
        (t 1)))

(defun cofferdam--lsp-position (pos encoding)
  "Return buffer position POS as an LSP position in ENCODING."
  (save-excursion
    (save-restriction
      (widen)
      (goto-char pos)
      (let ((units 0))
        (dolist (char (append (buffer-substring-no-properties
                               (line-beginning-position) (point))
                              nil))
          (cl-incf units (cofferdam--char-units char encoding)))
        (list :line (1- (line-number-at-pos nil t)) :character units)))))

(defun cofferdam--from-lsp-position (position encoding)
  "Return the buffer position of POSITION, an LSP position in ENCODING.
Positions beyond the end of a line or of the buffer are moved back to it."
  (save-excursion
    (save-restriction
      (widen)
      (goto-char (point-min))
      (let ((line (plist-get position :line))
            (left (plist-get position :character)))
        (unless (and (natnump line) (natnump left))
          (error "Bad position"))
        (if (> (forward-line (min line most-positive-fixnum)) 0)
            (point-max)
          (if (equal encoding "utf-32")
              (goto-char (min (line-end-position) (+ (point) left)))
            (while (and (> left 0) (not (eolp)))
              (cl-decf left (cofferdam--char-units (char-after) encoding))
              (when (>= left 0) (forward-char 1))))
          (point))))))

(defun cofferdam--text-range (beg end)
  "Return the region from BEG to END as a TextRange of the agent protocol."
  (cl-flet ((place (pos)
              (save-excursion
                (goto-char pos)
                (cons (line-number-at-pos nil t)
                      (1+ (string-bytes (buffer-substring-no-properties
                                         (line-beginning-position) pos)))))))
    (save-restriction
      (widen)
      (let ((from (place beg)) (to (place end)))
        (list :startLine (car from) :startColumn (cdr from)
              :endLine (car to) :endColumn (cdr to))))))

(defun cofferdam--goto-text-range (range)
  "Move point to the beginning of RANGE, a TextRange of the agent protocol."
  (widen)
  (goto-char (point-min))
  (when range
    (forward-line (1- (max 1 (or (plist-get range :startLine) 1))))
    (let ((bytes (1- (max 1 (or (plist-get range :startColumn) 1)))))
      (while (and (> bytes 0) (not (eolp)))
        (cl-decf bytes (cofferdam--char-units (char-after) "utf-8"))
        (forward-char 1)))))

(provide 'cofferdam-core)
;;; cofferdam-core.el ends here
