namespace Dmkd.Client;

/// <summary>Long work was stopped; the message says how to go on with it.</summary>
internal sealed class RunStoppedException(string message) : OperationCanceledException(message)
{
    /// <summary>The user stopped work, or left it to a cluster.</summary>
    /// <param name="what">The work.</param>
    /// <param name="command">What goes on with it.</param>
    /// <param name="goesOn">Whether a cluster goes on with it by itself.</param>
    public static RunStoppedException Of(string what, string command, bool goesOn) =>
        new(goesOn ? $"Left. The cluster goes on with the {what}; follow it with: dmkd {command}" : $"Stopped. The {what} goes on with: dmkd {command}");
}
