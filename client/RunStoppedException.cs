namespace Dmkd.Client;

/// <summary>The user stopped long work; the message says how to go on with it.</summary>
internal sealed class RunStoppedException(string what, string command) : OperationCanceledException($"Stopped. The {what} goes on with: dmkd {command}")
{
    public RunStoppedException(string command, string id, string home)
        : this(command == "run" ? "run" : "work", $"{command} --resume {id} --home {home}")
    {
    }
}
