<?php
# Reports which files php-cgi uses, so that corswrap notices when one changes.
# corswrap starts this before servers with the same command line.  The report
# has entries that end in NUL: "=" and the path of a file, "!" and why php-cgi
# cannot run warm, and an empty entry at the end (HACKING.md, Warm
# interpreters).  Then this waits until its standard input is closed, because
# corswrap still reads from /proc which libraries it has loaded.
#
# SPDX-License-Identifier: ISC

function corswrap_report() {
	$found = [];
	# The places where PHP looks for php.ini, with files that do not exist:
	# one that appears before the one that PHP has read would replace it.
	# PHPRC may name the file itself, too.
	$set = (string)getenv('PHPRC');
	if ($set !== '' && !is_dir($set))
		$found[] = $set;
	foreach ([$set, getcwd(), dirname(PHP_BINARY), PHP_CONFIG_FILE_PATH] as
	    $folder)
		foreach (['php-cgi-fcgi.ini', 'php.ini'] as $name)
			if ($folder !== '' && $folder !== false)
				$found[] = "$folder/$name";
	$found[] = get_cfg_var('cfg_file_path');
	$found[] = php_ini_loaded_file();
	foreach (explode(',', (string)php_ini_scanned_files()) as $file)
		$found[] = trim($file);
	# Folders in which PHP reads every .ini file: a new one would be read.
	$scanned = getenv('PHP_INI_SCAN_DIR');
	if ($scanned === false)
		$scanned = PHP_CONFIG_FILE_SCAN_DIR;
	foreach (explode(PATH_SEPARATOR, $scanned) as $folder)
		$found[] = $folder === '' ? PHP_CONFIG_FILE_SCAN_DIR : $folder;
	if ((string)ini_get('opcache.preload') !== '')
		echo "!opcache.preload is set\0";
	foreach (array_unique($found) as $path)
		if (is_string($path) && $path !== '')
			echo "=$path\0";
	echo "\0";
	while (ob_get_level() > 0)
		ob_end_flush();
	flush();
}

corswrap_report();
fgets(fopen('php://stdin', 'r'));
