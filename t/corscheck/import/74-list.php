#: seen https://taourl.com/read-2478052.html
#
#: ids not-carried-over stays
#: allow https://app.example GET credentials
#: allow https://admin.example POST credentials
#: refuse https://other.example GET
<?php
$allowed_origins = ['https://app.example', 'https://admin.example'];
$who = $_SERVER['HTTP_ORIGIN'] ?? null;
if (in_array($who, $allowed_origins, true)) {
    header("Access-Control-Allow-Origin: $who");
    header('Access-Control-Allow-Credentials: true');
    header("Vary: Origin");
}
