// Java's HTTP clients: each sends an identify call. A line for each; OTHER is the URL of another host, over TLS.
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.concurrent.Callable;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

public class Clients {
  static final String URL = "https://api.segment.io/v1/identify";

  static String body(String way) {
    return "{\"userId\": \"" + way + "\", \"traits\": {\"way\": \"" + way + "\"}}";
  }

  static int httpClient(String way, HttpClient.Version version) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(URL)).version(version)
        .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body(way))).build();
    return HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).statusCode();
  }

  static int urlConnection(String way) throws Exception {
    HttpURLConnection connection = (HttpURLConnection) URI.create(URL).toURL().openConnection();
    connection.setDoOutput(true);
    connection.setRequestMethod("POST");
    connection.getOutputStream().write(body(way).getBytes(StandardCharsets.UTF_8));
    return connection.getResponseCode();
  }

  static void say(String way, Callable<Integer> send) {
    try {
      System.out.println(way + " " + send.call());
    } catch (Exception error) {
      System.out.println(way + " " + error);
    }
  }

  static final TrustManager ANY = new X509TrustManager() {
    public void checkClientTrusted(X509Certificate[] chain, String kind) {}
    public void checkServerTrusted(X509Certificate[] chain, String kind) {}
    public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
  };

  static String other() throws Exception {
    URI to = URI.create(System.getenv("OTHER"));
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {ANY}, null);
    HttpRequest request = HttpRequest.newBuilder(to).build();
    Certificate shown = HttpClient.newBuilder().sslContext(context).build()
        .send(request, BodyHandlers.discarding()).sslSession().orElseThrow().getPeerCertificates()[0];
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(shown.getEncoded()));
  }

  public static void main(String[] given) throws Exception {
    say("HttpClient", () -> httpClient("HttpClient", HttpClient.Version.HTTP_2));
    say("HttpClient HTTP/1.1", () -> httpClient("HttpClient HTTP/1.1", HttpClient.Version.HTTP_1_1));
    say("HttpURLConnection", () -> urlConnection("HttpURLConnection"));
    System.out.println("other " + other());
    System.exit(0);
  }
}
