using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Experiments.Learners;

namespace Dmkd.Experiments.Tests.Reports;

/// <summary>Hand-made results.</summary>
internal static class Reports
{
    public static RunReport Run { get; } =
        new()
        {
            RunId = "run-1",
            Library = "library-1",
            Settings = new RunSettings
            {
                Data = new DataSource
                {
                    Kind = "cifar10",
                    Path = "/data",
                    Seed = 7,
                },
                Tasks = 2,
                Seed = 7,
                Participation = new() { Nodes = 3 },
            },
            ClassIncremental =
            [
                [0.75],
                [0.25, 0.5],
            ],
            TaskIncremental =
            [
                [0.875],
                [0.75, 1],
            ],
            MacroF1 = 0.375,
            TaskDetectionRate = 0.625,
            BytesUp = 10,
            BytesDown = 20,
            DenseBytes = 30,
            DeviceSeconds = 1.5,
            WallSeconds = 2.5,
            LegacyAccuracy = 0.5,
            ExpertParameters = [100, 23],
            MacsPerInput = 4567,
        };

    public static MethodResult Baseline { get; } =
        new()
        {
            Method = "baseline",
            ClassIncremental =
            [
                [1],
                [0, 1],
            ],
            TaskIncremental =
            [
                [1],
                [1, 1],
            ],
            MacroF1 = 0.5,
            TaskDetectionRate = 0.5,
            DeviceSeconds = 3,
            WallSeconds = 4,
            Parameters = 99,
            MacsPerInput = 890,
            Exemplars = 12,
        };
}
