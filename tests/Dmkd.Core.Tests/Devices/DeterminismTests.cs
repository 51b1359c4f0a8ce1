using Dmkd.Core.Devices;

namespace Dmkd.Core.Tests.Devices;

public class DeterminismTests
{
    [Fact]
    public async Task ConcurrentTrainings_WithOwnGenerators_EqualSoloRunsBitForBit()
    {
        var token = TestContext.Current.CancellationToken;
        ulong[] seeds = [1, 2, 3, 4];
        List<byte[]> solo = [];
        using (var worker = new DeviceWorker(lanes: 1))
            foreach (ulong seed in seeds)
                solo.Add(await worker.RunAsync(_ => Train(seed), token));
        using (var worker = new DeviceWorker(lanes: 2))
            Assert.Equal(solo, await Task.WhenAll(seeds.Select(seed => worker.RunAsync(_ => Train(seed), token))));
        Assert.NotEqual(solo[0], solo[1]);
    }

    private static byte[] Train(ulong seed) => TinyTraining.Run(seed, step => step < 100).Weights;
}
