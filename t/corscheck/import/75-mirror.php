#: seen http://www.kouhan.cn/en/article/00005720
#
#: ids origin-reflected stays wildcard-with-credentials
#: allow https://any.example PUT x-anything
#: refuse https://any.example GET credentials
<?php
if (isset($_SERVER['HTTP_ORIGIN'])) {
    header("Access-Control-Allow-Origin: {$_SERVER['HTTP_ORIGIN']}");
    header('Access-Control-Allow-Credentials: true');
}
header("Access-Control-Allow-Methods: GET, PUT");
header("Access-Control-Allow-Headers: {$_SERVER['HTTP_ACCESS_CONTROL_REQUEST_HEADERS']}");
