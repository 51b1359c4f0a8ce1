namespace Dmkd.Client;

/// <summary>The user asked for something that cannot be; the message is one line that says what and why.</summary>
internal sealed class BadInputException(string message) : Exception(message);
