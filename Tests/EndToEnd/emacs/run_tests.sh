#!/bin/sh
# Tests of the Emacs package: byte-compilation without warnings, checkdoc, ERT, the manual.
# Prints "N passed, N failed"; the exit status is 1 if anything failed.
# Needs emacs (28.2 or later), python3 and makeinfo (Debian: emacs-nox python3 texinfo).
# EMACS=/path/to/emacs chooses another Emacs.
set -u
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../../../EditorClients/emacs" && pwd)
emacs=${EMACS:-emacs}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$source"/*.el "$source"/*.texi "$work"
cd "$work" || exit 1
passed=0
failed=0

report() {                              # report NAME STATUS LOG
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $1"
        cat "$3"
    fi
}

for file in *.el; do
    rm -f ./*.elc
    "$emacs" -Q --batch -L . --eval '(setq byte-compile-error-on-warn t)' \
        -f batch-byte-compile "$file" >"$work/log" 2>&1
    report "byte-compile $file" $? "$work/log"
    # checkdoc always ends with 0: any output is a complaint.
    "$emacs" -Q --batch --eval "(checkdoc-file \"$file\")" >"$work/log" 2>&1
    test ! -s "$work/log"
    report "checkdoc $file" $? "$work/log"
done

# As a package manager would: autoloads alone make the commands known.
"$emacs" -Q --batch --eval '(progn
    (require (quote autoload))
    (let ((generated-autoload-file (expand-file-name "cofferdam-autoloads.el")))
      (if (fboundp (quote loaddefs-generate))
          (loaddefs-generate default-directory generated-autoload-file)
        (update-directory-autoloads default-directory)))
    (load (expand-file-name "cofferdam-autoloads.el"))
    (add-to-list (quote load-path) default-directory)
    (when (featurep (quote cofferdam)) (error "loaded too early"))
    (dolist (command (quote (cofferdam-start cofferdam-fix cofferdam-menu cofferdam-mode cofferdam-list)))
      (unless (commandp command) (error "%s has no autoload" command)))
    (global-set-key (kbd "C-c a") (quote cofferdam-command-map))
    (unless (eq (key-binding (kbd "C-c a c")) (quote cofferdam-start)) (error "no keymap")))' \
    >"$work/log" 2>&1
report "autoloads" $? "$work/log"

makeinfo --error-limit=1 cofferdam.texi -o cofferdam.info >"$work/log" 2>&1 && test ! -s "$work/log"
report "makeinfo" $? "$work/log"

# The compiled files are what users run.
rm -f ./*.elc ./*-autoloads.el
"$emacs" -Q --batch -L . -f batch-byte-compile ./*.el >/dev/null 2>&1
"$emacs" -Q --batch -L . -l "$here/cofferdam-tests.el" -f ert-run-tests-batch-and-exit >"$work/log" 2>&1
status=$?
tests=$(sed -n 's/^Ran \([0-9]*\) tests, \([0-9]*\) results as expected.*/\1 \2/p' "$work/log")
if [ -z "$tests" ]; then
    report "ERT" 1 "$work/log"
else
    good=${tests#* }
    passed=$((passed + good))
    failed=$((failed + ${tests% *} - good))
    [ "$status" -eq 0 ] || cat "$work/log"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
