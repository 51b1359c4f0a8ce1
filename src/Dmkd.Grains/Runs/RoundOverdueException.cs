namespace Dmkd.Grains.Runs;

/// <summary>A round did not end within its bounds; the message names round and bound.</summary>
internal sealed class RoundOverdueException(string message) : Exception(message);
