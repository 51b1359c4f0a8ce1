using Dmkd.Chaos;
using Dmkd.Chaos.Poisoning;
using Dmkd.Data.Images;
using Dmkd.Hosting.Placement;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dmkd.Grains.Tests.Poisoning;

/// <summary>The poisoning study in small: tests/Dmkd.Chaos has the whole of it.</summary>
public sealed class PoisonStudyTests
{
    private const int Rounds = 2;

    [Theory]
    [InlineData(AttackNames.NotANumber, Rounds)]
    [InlineData(AttackNames.Infinity, Rounds)]
    [InlineData(AttackNames.Replay, Rounds - 1)] // there is nothing to send again in the first round
    internal async Task RunAsync_UpdateThatMustNotCount_IsRefusedEveryTimeAndChangesNoBit(string attack, int refusals)
    {
        var row = await RunAsync(attack);
        Assert.Equal((refusals, 0, true), (row.Refusals, row.HonestRefusals, row.SameDigests));
    }

    [Fact]
    public async Task RunAsync_SignFlipUnderThePlainMean_HasAnEffect() // else the tests above would prove nothing
    {
        var row = await RunAsync(AttackNames.SignFlip);
        Assert.False(row.SameDigests);
        Assert.True(
            row.RelativeError > row.HonestRelativeError,
            $"{row.RelativeError} must be above {row.HonestRelativeError}"
        );
    }

    private static async Task<PoisonRow> RunAsync(string attack)
    {
        var settings = new PoisonSettings
        {
            Attacks = [attack],
            Fractions = [0.2],
            Rules = ["mean"],
            Nodes = 5,
            Rounds = Rounds,
            Classes = 2,
            Data = new DatasetSpec { TrainPerClass = 30, TestPerClass = 5 },
            Epochs = 1,
            Widths = [4],
        };
        using var devices = new SiloDevices(Unheard.Instruments, NullLogger<SiloDevices>.Instance);
        return Assert.Single(await new PoisonStudy(settings, devices, _ => { }).RunAsync());
    }
}
