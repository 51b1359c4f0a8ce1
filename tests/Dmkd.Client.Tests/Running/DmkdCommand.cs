using System.Text;

namespace Dmkd.Client.Tests.Running;

/// <summary>
/// The program's commands in the tests' own process, by the entry point that the program itself uses: a process of its
/// own costs seconds to start. <see cref="DmkdProcess"/> is for what needs one: signals, kills, an environment.
/// </summary>
internal static class DmkdCommand
{
    private static readonly string[] Variables = ["DMKD_HOME", "DMKD_CLUSTER", "DMKD_CERTIFICATES"];
    private static readonly SpokenText Output = new(Console.Out),
        Error = new(Console.Error);

    // Tables have another width on a terminal.
    private static readonly bool IsPossible = Console.IsOutputRedirected && Console.IsErrorRedirected;

    static DmkdCommand()
    {
        foreach (string name in Variables)
            Environment.SetEnvironmentVariable(name, null);
        Console.SetOut(Output);
        Console.SetError(Error);
    }

    /// <summary>Runs a command to its end.</summary>
    public static Task<Outcome> RunAsync(string home, params string[] arguments) =>
        IsPossible ? HereAsync(home, [.. arguments, "--home", home]) : DmkdProcess.RunAsync(home, arguments);

    /// <summary>Runs a command to its end, connected to a cluster.</summary>
    public static Task<Outcome> RunInClusterAsync(string database, params string[] arguments) =>
        IsPossible
            ? HereAsync(database, [.. arguments, "--cluster", database])
            : DmkdProcess.RunInClusterAsync(database, arguments);

    /// <summary>Runs a command to its end, in no place at all.</summary>
    public static Task<Outcome> RunPlainAsync(params string[] arguments) =>
        IsPossible ? HereAsync("", arguments) : DmkdProcess.RunPlainAsync(arguments);

    private static async Task<Outcome> HereAsync(string home, string[] arguments)
    {
        // What is set in an asynchronous method is seen by what it calls, and by nobody else.
        StringWriter output = new() { NewLine = "\n" },
            error = new() { NewLine = "\n" };
        Output.Listener = TextWriter.Synchronized(output);
        Error.Listener = TextWriter.Synchronized(error);
        int code = await Task.Run(() => CommandLine.InvokeAsync(arguments));
        return new Outcome(code, output.ToString(), error.ToString(), home);
    }

    /// <summary>Gives what is written to whoever started the writer's work.</summary>
    private sealed class SpokenText(TextWriter others) : TextWriter
    {
        private readonly AsyncLocal<TextWriter?> _listener = new();

        public TextWriter Listener
        {
            get => _listener.Value ?? others;
            set => _listener.Value = value;
        }

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => Listener.Write(value);

        public override void Write(char[] buffer, int index, int count) => Listener.Write(buffer, index, count);

        public override void Write(string? value) => Listener.Write(value);
    }
}
