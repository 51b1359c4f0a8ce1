using Dmkd.Core.Devices;

namespace Dmkd.Serving.Tests;

public sealed class LibrarySessionTests : IDisposable
{
    private static readonly int[][] All =
    [
        [0, 1, 2, 3],
    ];
    private readonly LibraryCache _cache = new(TimeProvider.System);
    private readonly DeviceWorker _worker = new(lanes: 1);
    private readonly SmallLibrary _library = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("evidence", "none")]
    [InlineData("evidence", "affine")]
    [InlineData("entropy", "none")]
    [InlineData("network", "none")]
    public async Task Predict_AllExperts_SharesAndEntropiesAreTheLibrarys(string gate, string calibration)
    {
        var prediction = await PredictAsync(
            _library,
            new RoutingPlan
            {
                Gate = gate,
                Calibration = calibration,
                TopExperts = 2,
            }
        );
        Assert.Equal(5, prediction.Sets[0].Length);
        Assert.All(
            prediction.Sets[0],
            input =>
            {
                Assert.Equal(1, input.Experts.Sum(share => share.Probability), 1e-9); // a sum of two doubles
                Assert.Equal(["expert-1", "expert-2"], input.Experts.Select(share => share.Module).Order());
                Assert.All(
                    input.Experts,
                    share => Assert.Equal(share.Module == "expert-1" ? 0.1 / 3 : 0.2 / 3, share.MeanEntropy, 1e-12)
                );
                Assert.Equal(_library.Manifest.Members[2].ClassNames[input.ClassIndex], input.ClassName);
            }
        );
    }

    [Fact]
    public async Task Predict_TwoCandidateSets_AnswersEachFromItsClasses()
    {
        var prediction = await PredictAsync(_library, new RoutingPlan(), [0, 1], [2]);
        Assert.All(prediction.Sets[0], input => Assert.InRange(input.ClassIndex, 0, 1));
        Assert.All(prediction.Sets[1], input => Assert.Equal((2, 1.0), (input.ClassIndex, input.Probability)));
    }

    [Fact]
    public async Task Predict_ManyAtOnce_LoadsEachNetworkOnce()
    {
        await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => PredictAsync(_library, new RoutingPlan { Gate = "network" }))
        );
        Assert.Equal(3, _cache.Count);
    }

    [Theory]
    [InlineData("oracle", "none", 4, "knows the task of a test image")]
    [InlineData(
        "mlp",
        "none",
        4,
        "was not fitted for the gate 'mlp'; it was for gate 'evidence' and calibration 'affine'"
    )]
    [InlineData("evidence", "affine", 8, "was fitted for the calibration 'affine' with 4 views")]
    [InlineData("evidence", "none", 3, "Views must be 1, 4 or 8, not 3")]
    public async Task Predict_PlanThatTheLibraryCannotFollow_SaysWhy(
        string gate,
        string calibration,
        int views,
        string message
    )
    {
        var plan = new RoutingPlan
        {
            Gate = gate,
            Calibration = calibration,
            Views = views,
        };
        var error = await Assert.ThrowsAsync<ArgumentException>(() => PredictAsync(_library, plan));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Predict_FromAnExportedFolder_IsTheSameToTheLastBit()
    {
        using var folder = new TemporaryFolder();
        await LibraryExport.WriteAsync(_library, folder["small"], replaces: false, Cancel);
        var archive = await LibraryArchive.OpenAsync(folder["small"], Cancel);
        using var ownCache = new LibraryCache(TimeProvider.System);
        foreach (
            var plan in new[]
            {
                _library.Manifest.Fitted!.Plan,
                new RoutingPlan { Gate = "network" },
            }
        )
        {
            var options = new PredictOptions(plan, All);
            var before = (await PredictAsync(_library, plan)).Sets[0];
            var after = (
                await new LibrarySession(archive, ownCache, _worker).PredictAsync(SmallLibrary.Inputs, options, Cancel)
            ).Sets[0];
            Assert.Equal(
                before.Select(input => (input.ClassName, input.Probability)),
                after.Select(input => (input.ClassName, input.Probability))
            );
            Assert.Equal(before.SelectMany(input => input.Experts), after.SelectMany(input => input.Experts));
        }
    }

    public void Dispose()
    {
        _cache.Dispose();
        _worker.Dispose();
    }

    private Task<LibraryPrediction> PredictAsync(ILibrarySource source, RoutingPlan plan, params int[][] sets) =>
        new LibrarySession(source, _cache, _worker).PredictAsync(
            SmallLibrary.Inputs,
            new PredictOptions(plan, sets.Length > 0 ? sets : All),
            Cancel
        );
}
