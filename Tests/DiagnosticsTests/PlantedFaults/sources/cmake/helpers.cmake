function(check_name name)
  if(NOT name MATCHES "^[a-z]+$")
    message(SEND_ERROR "bad name ${name}") # PLANTED(cmake) error bad name
  endif()
endfunction()
check_name("Bad-Name")
message(DEPRECATION "helpers are old") # PLANTED(cmake) warning helpers are old
message(AUTHOR_WARNING "for those who write this") # PLANTED(cmake) warning for those who write this
