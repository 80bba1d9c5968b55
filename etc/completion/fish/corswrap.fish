# fish completion for corswrap
# SPDX-License-Identifier: ISC

complete -c corswrap -s c -l config -r -F -d 'the policy file'
complete -c corswrap -s t -l test -d 'test the policy and exit'
complete -c corswrap -s l -l listen -x -a 'unix:/ tcp:127.0.0.1: tcp:[::1]:' -d 'serve FastCGI on an address'
complete -c corswrap -s m -l mode -x -a '0600 0660 0666' -d 'mode of the unix socket'
complete -c corswrap -s w -l workers -x -d 'threads at most'
complete -c corswrap -s V -l version -d 'print the version'
complete -c corswrap -s h -l help -d 'print a summary'
