using System.Globalization;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Reports;

/// <summary>A number that every finished cell has.</summary>
/// <param name="Name">Its field in documents.</param>
/// <param name="Title">Its name in tables.</param>
/// <param name="Of">Takes it from a document.</param>
/// <param name="Text">Writes it for a person.</param>
internal sealed record Measure(string Name, string Title, Func<CellDocument, double> Of, Func<double, string> Text)
{
    /// <summary>Class-incremental accuracy at the end.</summary>
    public static Measure ClassIncremental { get; } =
        new("finalAccuracy", "class-incremental", cell => cell.FinalAccuracy, Percent);

    /// <summary>Task-incremental accuracy at the end.</summary>
    public static Measure TaskIncremental { get; } =
        new("taskIncrementalAccuracy", "task-incremental", cell => cell.TaskIncrementalAccuracy, Percent);

    /// <summary>Forgetting.</summary>
    public static Measure Forgetting { get; } = new("forgetting", "forgetting", cell => cell.Forgetting, Percent);

    /// <summary>Bytes in both directions.</summary>
    public static Measure Bytes { get; } =
        new("bytes", "bytes sent and fetched", cell => cell.BytesUp + cell.BytesDown, Unit("B"));

    /// <summary>Multiply-adds per input.</summary>
    public static Measure MultiplyAdds { get; } =
        new("macsPerInput", "multiply-adds per input", cell => cell.MacsPerInput, Unit(""));

    /// <summary>What a method is good for.</summary>
    public static IReadOnlyList<Measure> Quality { get; } =
    [
        ClassIncremental,
        TaskIncremental,
        new("macroF1", "macro-F1", cell => cell.MacroF1, value => value.ToString("F3", CultureInfo.InvariantCulture)),
        Forgetting,
        new("taskDetectionRate", "right task", cell => cell.TaskDetectionRate, Percent),
    ];

    /// <summary>What it costs.</summary>
    public static IReadOnlyList<Measure> Cost { get; } =
    [
        new("bytesUp", "sent", cell => cell.BytesUp, Unit("B")),
        new("bytesDown", "fetched", cell => cell.BytesDown, Unit("B")),
        new("denseBytes", "sent, as dense fp32", cell => cell.DenseBytes, Unit("B")),
        new("parameters", "parameters", cell => cell.Parameters, Unit("")),
        MultiplyAdds,
        new(
            "exemplars",
            "exemplars",
            cell => cell.Exemplars,
            value => value.ToString("N0", CultureInfo.InvariantCulture)
        ),
        new("deviceSeconds", "device time", cell => cell.DeviceSeconds, Unit("s")),
        new("wallSeconds", "wall time", cell => cell.WallSeconds, Unit("s")),
        new("energyWattHours", "energy, estimated", cell => cell.EnergyWattHours, Unit("Wh")),
    ];

    /// <summary>A share in percent, without the sign.</summary>
    public static string Percent(double share) => (100 * share).ToString("F1", CultureInfo.InvariantCulture);

    /// <summary>A number with the prefix that keeps it short, such as 12.3 MB.</summary>
    public static Func<double, string> Unit(string unit) => value => WithPrefix(value, unit);

    private static string WithPrefix(double value, string unit)
    {
        (double size, string prefix) = Math.Abs(value) switch
        {
            >= 1e12 => (1e12, "T"),
            >= 1e9 => (1e9, "G"),
            >= 1e6 => (1e6, "M"),
            >= 1e3 => (1e3, "k"),
            _ => (1, ""),
        };
        double scaled = value / size;
        return $"{scaled.ToString(DigitsOf(scaled), CultureInfo.InvariantCulture)} {prefix}{unit}".TrimEnd();
    }

    private static string DigitsOf(double scaled)
    {
        if (scaled >= 100 || scaled == Math.Round(scaled))
            return "F0";
        return scaled >= 10 ? "F1" : "F2";
    }
}
