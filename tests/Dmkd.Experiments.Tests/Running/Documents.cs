using Dmkd.Experiments.Learners;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Tests.Running;

/// <summary>Hand-made cells.</summary>
internal static class Documents
{
    public static Versions Versions { get; } = new("0.1.0", "0123456789abcdef", "10.0.1", "0.107.0", "10.4.2");

    public static MachineInfo Machine { get; } = new("Linux", 2, "a processor", 1L << 34, "cpu");

    public static CellCircumstances Circumstances { get; } =
        new(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddSeconds(9), Versions, Machine, 20);

    /// <summary>A result that ends with given accuracies on two tasks.</summary>
    public static MethodResult Result(string method, double classIncremental, double taskIncremental, long bytes = 0) =>
        new()
        {
            Method = method,
            ClassIncremental =
            [
                [1],
                [classIncremental, classIncremental],
            ],
            TaskIncremental =
            [
                [1],
                [taskIncremental, taskIncremental],
            ],
            MacroF1 = classIncremental,
            TaskDetectionRate = classIncremental,
            BytesUp = bytes,
            BytesDown = bytes,
            DenseBytes = 2 * bytes,
            DeviceSeconds = 36,
            WallSeconds = 30,
            Parameters = 1000,
            MacsPerInput = 123_456,
        };

    public static CellDocument Of(Cell cell, double classIncremental, double taskIncremental) =>
        CellDocument.Of(
            cell,
            Result(cell.Method, classIncremental, taskIncremental, cell.Method == "dmkd" ? 5000 : 0),
            Circumstances
        );
}
