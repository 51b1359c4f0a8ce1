using System.Text.Json;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>Predictions through the client, from a library that one tiny run filled.</summary>
public sealed class RouterTests(SharedCluster shared) : IClassFixture<SharedCluster>, IAsyncLifetime
{
    private const string Library = "routed";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IRouterGrain Router => shared.Cluster.Grains.GetGrain<IRouterGrain>(Library);

    public async ValueTask InitializeAsync()
    {
        if (await shared.Cluster.Grains.GetGrain<ITrainingRunGrain>(Library).GetSettingsAsync(Cancel) is null)
            await shared.Cluster.RunAsync(
                Library,
                TinySettings() with
                {
                    Legacy = TinySettings().Legacy with { Tasks = 0 },
                    Training = TinySettings().Training with { Rounds = 1 },
                }
            );
    }

    [Fact]
    public async Task Route_OneBatch_AnswersEveryImageOncePerSet()
    {
        var response = await Router.RouteAsync(
            Batch() with
            {
                CandidateSets =
                [
                    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
                    [0, 1],
                ],
            },
            Cancel
        );
        Assert.Equal([6, 6], response.Predictions.Select(set => set.Length));
        Assert.All(response.Predictions[1], prediction => Assert.InRange(prediction.ClassIndex, 0, 1));
        Assert.All(
            response.Predictions.SelectMany(set => set),
            prediction => Assert.InRange(prediction.Probability, 0, 1)
        );
    }

    [Fact]
    public async Task Route_TwoExperts_SharesAddUpToOne()
    {
        var response = await Router.RouteAsync(
            Batch() with
            {
                Routing = new RoutingSettings("evidence", 2, 1),
            },
            Cancel
        );
        Assert.All(
            response.Predictions[0],
            prediction => Assert.Equal(1, prediction.Experts.Sum(share => share.Probability), 9)
        ); // a sum of two doubles
    }

    [Fact]
    public async Task Route_SameBatchManyTimesAtOnce_AnswersTheSame()
    {
        var responses = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Router.RouteAsync(Batch(), Cancel)));
        Assert.Single(responses.Select(response => JsonSerializer.Serialize(response.Predictions)).Distinct());
    }

    [Theory]
    [InlineData("wrong size", "need 18432 bytes, not 5")]
    [InlineData("no image", "at least 1 input, not 0")]
    [InlineData("other shape", "takes inputs of 3x32x32, not 1x32x32")]
    [InlineData("too many bytes", "A batch may have 4194304 bytes of inputs")]
    [InlineData("no pixels", "takes 'pixels', not 'tokens'")]
    [InlineData("no set", "at least one set of candidate classes")]
    [InlineData("unknown classes", "Library 'routed' has no module for the classes 77")]
    [InlineData("unknown classes in one set", "No expert knows any of the classes 77")]
    [InlineData("unknown gate", "There is no gate 'foo'; there are: ")]
    [InlineData("oracle", "The gate 'oracle' knows the task of a test image")]
    [InlineData("not fitted", "Library 'routed' was not fitted for the gate 'mlp'; it was for none")]
    [InlineData("not calibrated", "Library 'routed' was not fitted for the calibration 'affine'; it was for none")]
    [InlineData("three views", "Views must be 1, 4 or 8, not 3")]
    [InlineData("unknown score", "There is no score 'margin'")]
    [InlineData("unknown calibration", "Calibration must be one of none, affine, discriminant, not 'isotonic'")]
    [InlineData("gate network", "Library 'routed' has no gate network; route with another gate")]
    [InlineData("no experts", "topExperts")]
    [InlineData("negative weight", "specializationWeight")]
    public async Task Route_Malformed_SaysWhatIsWrong(string fault, string message)
    {
        var error = await Assert.ThrowsAnyAsync<ArgumentException>(() =>
            Router.RouteAsync(Spoil(Batch(), fault), Cancel)
        );
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Route_UnknownLibrary_NamesIt()
    {
        var error = await Assert.ThrowsAsync<ArgumentException>(() =>
            shared.Cluster.Grains.GetGrain<IRouterGrain>("nowhere").RouteAsync(Batch(), Cancel)
        );
        Assert.Contains("Library 'nowhere'", error.Message, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static RouteRequest Spoil(RouteRequest batch, string fault) =>
        fault switch
        {
            "wrong size" => batch with { Input = Examples.Pixels(new byte[5], 6, 3, 32) },
            "no image" => batch with { Input = Examples.Pixels([], 0, 3, 32) },
            "other shape" => batch with { Input = Examples.Pixels(new byte[6 * 32 * 32], 6, 1, 32) },
            "too many bytes" => batch with { Input = Examples.Pixels(new byte[1400 * 3 * 32 * 32], 1400, 3, 32) },
            "no pixels" => batch with { Input = batch.Input with { Name = "tokens" } },
            "no set" => batch with { CandidateSets = [] },
            "unknown classes" => batch with
            {
                CandidateSets =
                [
                    [77],
                ],
            },
            "unknown classes in one set" => batch with
            {
                CandidateSets =
                [
                    [0],
                    [77],
                ],
            },
            "unknown gate" => batch with { Routing = new RoutingSettings("foo", 1, 0) },
            "oracle" => batch with { Routing = new RoutingSettings("oracle", 1, 0) },
            "not fitted" => batch with { Routing = new RoutingSettings("mlp", 1, 0) },
            "not calibrated" => batch with { Calibration = "affine" },
            "three views" => batch with { Routing = new RoutingSettings("evidence", 1, 0, Views: 3) },
            "unknown score" => batch with { Routing = new RoutingSettings("evidence", 1, 0, Score: "margin") },
            "unknown calibration" => batch with { Calibration = "isotonic" },
            "gate network" => batch with { Routing = new RoutingSettings("network", 1, 0) },
            "no experts" => batch with { Routing = new RoutingSettings("evidence", 0, 0) },
            "negative weight" => batch with { Routing = new RoutingSettings("evidence", 1, -1) },
            _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "No such fault."),
        };

    private static RouteRequest Batch() =>
        new()
        {
            Input = Examples.Pixels(
                [.. Enumerable.Range(0, 6 * 3 * 32 * 32).Select(i => (byte)(i * 31 % 251))],
                6,
                3,
                32
            ),
            CandidateSets =
            [
                [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            ],
            Routing = new RoutingSettings("evidence", 1, 0),
        };
}
