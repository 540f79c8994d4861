<?php
// PHP's HTTP clients, as Segment's SDK for PHP has them as consumers: each sends an identify call. A line for each;
// OTHER is the URL of another host, over TLS.

function body(string $way): string
{
    return json_encode(['userId' => $way, 'traits' => ['way' => $way]]);
}

function by_curl(string $way): int
{
    $handle = curl_init('https://api.segment.io/v1/identify');
    curl_setopt_array($handle, [CURLOPT_POSTFIELDS => body($way), CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 10]);
    return curl_exec($handle) === false ? 0 : curl_getinfo($handle, CURLINFO_RESPONSE_CODE);
}

function by_command(string $way): int
{
    return (int) shell_exec("curl -s -o /dev/null -m 10 -w '%{http_code}' -d " . escapeshellarg(body($way)) . ' https://api.segment.io/v1/identify');
}

function by_socket(string $way): int
{
    $socket = @pfsockopen('ssl://api.segment.io', 443, $number, $why, 10);
    if (!$socket) {
        return 0;
    }
    $sent = body($way);
    fwrite($socket, "POST /v1/identify HTTP/1.1\r\nHost: api.segment.io\r\nContent-Length: " . strlen($sent) . "\r\n\r\n" . $sent);
    return (int) explode(' ', fgets($socket))[1];
}

$ways = ['libcurl' => by_curl(...), 'fork-curl' => by_command(...)];
if (in_array('socket', $argv)) { // it knows no proxy at all
    $ways['socket'] = by_socket(...);
}
foreach ($ways as $way => $send) {
    echo $way, ' ', $send($way), "\n";
}

$to = parse_url(getenv('OTHER'));
$context = stream_context_create(['ssl' => ['capture_peer_cert' => true, 'verify_peer' => false]]);
stream_socket_client("ssl://{$to['host']}:{$to['port']}", $number, $why, 10, STREAM_CLIENT_CONNECT, $context);
echo 'other ', openssl_x509_fingerprint(stream_context_get_options($context)['ssl']['peer_certificate'], 'sha256'), "\n";
