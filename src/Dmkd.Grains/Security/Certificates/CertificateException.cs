namespace Dmkd.Grains.Security.Certificates;

/// <summary>Certificates cannot be read, made or used; the message names the file and says what to do.</summary>
public sealed class CertificateException(string message) : Exception(message);
