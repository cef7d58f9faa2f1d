std = 'luajit+busted'
globals = { 'vim' }
max_line_length = 120
