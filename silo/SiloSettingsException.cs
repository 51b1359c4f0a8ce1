namespace Dmkd.Silo;

/// <summary>Settings of the silo are wrong; the message lists them all.</summary>
internal sealed class SiloSettingsException(string message) : Exception(message);
