# fish completion for corscheck
# SPDX-License-Identifier: ISC

function __corscheck_has -d 'is this the command?'
	contains -- (commandline -opc)[2] $argv
end

complete -c corscheck -f
for line in \
	'lint what is wrong with a policy' \
	'help what an id or a message means, and the fix' \
	'dump a policy in its canonical form' \
	'explain what a browser will do with a request' \
	'probe what a browser will do, with a live server' \
	'read the same, with response headers that you paste' \
	'import a policy from the CORS lines of another server' \
	'learn a first policy from the requests in access logs' \
	'replay how a policy would have responded' \
	'warm whether a script can run warm' \
	'reference headers, safelists, limits' \
	'init writes a commented policy'
	set -l words (string split -m 1 ' ' -- $line)
	complete -c corscheck -n 'test (count (commandline -opc)) -eq 1' -a $words[1] -d $words[2]
end
complete -c corscheck -s h -l help -d 'print a summary'
complete -c corscheck -n 'test (count (commandline -opc)) -eq 1' -s V -l version -d 'print the version'

# Files: policies, logs, configurations, responses.
complete -c corscheck -n '__corscheck_has lint dump warm import learn replay read init' -F

complete -c corscheck -n '__corscheck_has lint' -l strict -d 'warnings count as errors'
complete -c corscheck -n '__corscheck_has lint' -l fix -d 'correct what is certain'
complete -c corscheck -n '__corscheck_has lint' -l format -x -a 'gcc sarif json text'
complete -c corscheck -n '__corscheck_has lint explain probe read reference' -l json -d 'as JSON'
complete -c corscheck -n '__corscheck_has import' -l from -x -a 'apache nginx other'
complete -c corscheck -n '__corscheck_has replay explain' -s p -l policy -r -F -d 'the policy'
complete -c corscheck -n '__corscheck_has help' -a '(corscheck help 2>/dev/null | string replace -r " .*" "")'

set -l request '__corscheck_has explain probe read'
complete -c corscheck -n "$request" -l url -x -a 'https:// http://' -d 'what the page requests'
complete -c corscheck -n "$request" -l origin -x -a 'https:// http:// null' -d 'of the page'
complete -c corscheck -n "$request" -s X -l method -x -a 'GET HEAD POST PUT PATCH DELETE' -d 'of the request'
complete -c corscheck -n "$request" -s H -l header -x -d 'a header that the script sets'
complete -c corscheck -n "$request" -s d -l data -x -d 'a body'
complete -c corscheck -n "$request" -l credentials -d 'with credentials'
complete -c corscheck -n "$request" -l as -x -a 'fetch xhr script font image eventsource'
complete -c corscheck -n "$request" -l mode -x -a 'cors no-cors'
complete -c corscheck -n "$request" -l coep -x -a 'require-corp credentialless'
complete -c corscheck -n "$request" -l redirect -x -a 'follow error manual'
complete -c corscheck -n "$request" -l upload-listener -d 'XMLHttpRequest listens to its upload'
complete -c corscheck -n "$request" -l browser -x -a 'chromium firefox safari all'
complete -c corscheck -n "$request" -l page-space -x -a 'public local loopback'
complete -c corscheck -n "$request" -l curl -x -d 'a command of curl'
complete -c corscheck -n "$request" -l fetch -x -d 'a call of fetch'
complete -c corscheck -n "$request" -l har -r -F -d 'a HAR file'
complete -c corscheck -n "$request" -l entry -x -d 'of the HAR'
complete -c corscheck -n "$request" -l console -x -d 'a message of the browser'

set -l init '__corscheck_has init'
complete -c corscheck -n "$init" -l server -x -a 'lighttpd lighttpd-cgi apache-fcgid apache-cgi apache-proxy htaccess nginx haproxy caddy busybox systemd'
complete -c corscheck -n "$init" -l origin -x -a 'https:// http://'
complete -c corscheck -n "$init" -l credentials
complete -c corscheck -n "$init" -l method -x -a 'PUT PATCH DELETE'
complete -c corscheck -n "$init" -l header -x
complete -c corscheck -n "$init" -l path -x -a '/api /cgi-bin'
complete -c corscheck -n "$init" -l exec -r -F
complete -c corscheck -n "$init" -l git -x -a '(__fish_complete_directories)'
complete -c corscheck -n "$init" -l root -x -a '(__fish_complete_directories)'
complete -c corscheck -n "$init" -l php -x -a '(__fish_complete_directories)'
complete -c corscheck -n "$init" -l push
complete -c corscheck -n "$init" -l forward -x -a 'unix:/ tcp:127.0.0.1:'
complete -c corscheck -n "$init" -l socket -x -a 'unix:/ tcp:127.0.0.1:'
complete -c corscheck -n "$init" -l user -x -a '(__fish_complete_users)'
complete -c corscheck -n "$init" -l unit-folder -x -a '(__fish_complete_directories)'
complete -c corscheck -n "$init" -l log-file -r -F
complete -c corscheck -n "$init" -l document-root -x -a '(__fish_complete_directories)'
complete -c corscheck -n "$init" -l corswrap -r -F
