namespace Dmkd.Client.Tests.Running;

/// <summary>
/// A preservation that ends within seconds: two experts and a gate network out of <see cref="SmallNetwork"/>, synthetic
/// images.
/// </summary>
internal static class TinyPreservation
{
    public const string Library = "small";

    public const int TestPerClass = 10;

    private static readonly (string Option, string Value)[] Settings =
    [
        ("--architecture", SmallNetwork.Architecture),
        ("--data", "synthetic"),
        ("--train-per-class", "12"),
        ("--test-per-class", $"{TestPerClass}"),
        ("--library", Library),
        ("--epochs", "1"),
        ("--gate-epochs", "1"),
        ("--expert-size", "0.5"),
        ("--gate-size", "0.3"),
        ("--calibration-per-class", "6"),
        ("--batch-size", "32"),
        ("--normalize", "standard"),
    ];

    /// <summary>The command line.</summary>
    /// <param name="checkpoint">The legacy model.</param>
    /// <param name="changes">Options to add, to replace, or, with null, to leave out.</param>
    public static string[] Arguments(string checkpoint, params (string Option, string? Value)[] changes)
    {
        var options = Settings
            .Prepend(("--checkpoint", checkpoint))
            .ToDictionary(pair => pair.Item1, pair => pair.Item2);
        foreach (var (option, value) in changes)
        {
            if (value is null)
                options.Remove(option);
            else
                options[option] = value;
        }

        return ["preserve", .. options.SelectMany(pair => (string[])[pair.Key, pair.Value])];
    }
}
