# bash completion for corswrap and corscheck          -*- shell-script -*-
# SPDX-License-Identifier: ISC

_corswrap()
{
	local cur prev
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	case $prev in
	-c | --config)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	-l | --listen)
		mapfile -t COMPREPLY < <(compgen -W 'unix:/ tcp:127.0.0.1: tcp:[::1]:' -- "$cur")
		compopt -o nospace 2>/dev/null
		return
		;;
	-m | --mode)
		mapfile -t COMPREPLY < <(compgen -W '0600 0660 0666' -- "$cur")
		return
		;;
	-w | --workers) return ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '-c --config -h --help -l --listen -m --mode -t --test -V --version -w --workers' -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -c -f -- "$cur")
	fi
}

_corscheck()
{
	local cur prev
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W 'lint dump explain probe reference init --help --version' -- "$cur")
		return
	fi
	case $prev in
	--method)
		mapfile -t COMPREPLY < <(compgen -W 'GET HEAD POST PUT PATCH DELETE OPTIONS' -- "$cur")
		return
		;;
	--url | --origin)
		mapfile -t COMPREPLY < <(compgen -W 'https:// http://' -- "$cur")
		compopt -o nospace 2>/dev/null
		return
		;;
	--server)
		mapfile -t COMPREPLY < <(compgen -W 'lighttpd lighttpd-cgi apache-fcgid apache-cgi apache-proxy htaccess nginx haproxy caddy systemd' -- "$cur")
		return
		;;
	--forward)
		mapfile -t COMPREPLY < <(compgen -W 'unix:/ tcp:127.0.0.1: tcp:[::1]:' -- "$cur")
		compopt -o nospace 2>/dev/null
		return
		;;
	-H | --header | --path) return ;;
	esac
	if [[ $cur != -* && ${COMP_WORDS[1]} == probe ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'https:// http://' -- "$cur")
		compopt -o nospace 2>/dev/null
		return
	fi
	if [[ $cur != -* ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	fi
	case ${COMP_WORDS[1]} in
	lint) mapfile -t COMPREPLY < <(compgen -W '--json --strict' -- "$cur") ;;
	explain) mapfile -t COMPREPLY < <(compgen -W '-p -H --credentials --json --method --origin --url' -- "$cur") ;;
	probe) mapfile -t COMPREPLY < <(compgen -W '-H --credentials --json --method --origin' -- "$cur") ;;
	init) mapfile -t COMPREPLY < <(compgen -W '--credentials --exec --forward --header --method --origin --path --root --server' -- "$cur") ;;
	reference) mapfile -t COMPREPLY < <(compgen -W '--json' -- "$cur") ;;
	esac
}

complete -o filenames -F _corswrap corswrap
complete -o filenames -F _corscheck corscheck
