namespace Dmkd.Grains.Security;

/// <summary>The cluster refuses a call because of who makes it; the message says who, what and why.</summary>
public sealed class AccessRefusedException(string message) : Exception(message);
