<?php
# Reports the files of php-cgi, which corswrap needs before it uses servers that
# are started in the same way: entries that end in NUL, "=" and the path of a
# file, "!" and why it cannot run warm, and an empty one at the end
# (corswrap-warm(7), PROTOCOL).  Then it waits for the order to end, because
# corswrap reads its libraries from /proc meanwhile.
#
# SPDX-License-Identifier: ISC

function corswrap_report() {
	$found = [];
	# Where PHP looks for its php.ini: what comes before the one that it
	# has read may appear.  PHPRC may also name the file itself.
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
	# Of these a file that comes counts.
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
