namespace Dmkd.Client;

/// <summary>The user stopped long work; the message says how to go on with it.</summary>
/// <param name="what">The work.</param>
/// <param name="command">What goes on with it.</param>
/// <param name="goesOn">Whether a cluster goes on with it by itself.</param>
internal sealed class RunStoppedException(string what, string command, bool goesOn = false)
    : OperationCanceledException(goesOn ? $"Left. The cluster goes on with the {what}; follow it with: dmkd {command}" : $"Stopped. The {what} goes on with: dmkd {command}");
