namespace Dmkd.Silo;

/// <summary>Ports that the silo was to listen on are taken; the message lists them all.</summary>
internal sealed class PortInUseException(string message) : Exception(message);
