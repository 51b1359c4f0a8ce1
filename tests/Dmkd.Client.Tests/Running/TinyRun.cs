namespace Dmkd.Client.Tests.Running;

/// <summary>
/// A run that ends within seconds: ten classes in two tasks, two nodes, two rounds, a legacy model for the first task.
/// </summary>
internal static class TinyRun
{
    /// <summary>Id of every such run: each has a home of its own, and the bytes that nodes send hold the id.</summary>
    public const string Id = "tiny-run";

    private static readonly string[] Settings =
    [
        "--data",
        "synthetic",
        "--train-per-class",
        "24",
        "--test-per-class",
        "10",
        "--tasks",
        "2",
        "--nodes",
        "2",
        "--epochs",
        "1",
        "--legacy-tasks",
        "1",
        "--legacy-epochs",
        "1",
    ];

    /// <summary>The command line.</summary>
    public static string[] Arguments(params string[] more) => [.. OfRounds(2), .. more];

    /// <summary>The same with a chosen length.</summary>
    public static string[] OfRounds(int rounds) => ["run", "--id", Id, .. Settings, "--rounds", $"{rounds}"];
}
