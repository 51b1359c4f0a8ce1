namespace Dmkd.Experiments;

/// <summary>A run ended without a result; the message says why.</summary>
public sealed class RunFailedException(string message) : Exception(message);
