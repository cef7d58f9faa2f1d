" The transcript of a cofferdam session. Output, patches and headings are highlighted by extmarks; this is for the
" model's own text.
if exists('b:current_syntax')
  finish
endif

syntax match CofferdamInlineCode /`[^`]\+`/
syntax match CofferdamBold /\*\*[^*]\+\*\*/
syntax match CofferdamHeading /^#\{1,6} .*/
syntax region CofferdamFence start=/^\s*```/ end=/^\s*```\s*$/ end=/^\ze[❯▶±∴✓✗■?] / keepend
syntax sync minlines=50 maxlines=200


let b:current_syntax = 'cofferdam'
