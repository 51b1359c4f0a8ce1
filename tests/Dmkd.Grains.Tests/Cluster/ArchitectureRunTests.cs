using System.Buffers.Binary;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Models;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>Runs of other networks than the usual one, on images of 8x8 pixels.</summary>
public sealed class ArchitectureRunTests(SharedCluster shared) : IClassFixture<SharedCluster>, IDisposable
{
    private const int Size = 8;
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("resnet20", 1)]
    [InlineData("resnet20", 0)]
    [InlineData("mlp(3x8x8;16-8;1)", 1)]
    [InlineData("vit(4;3x8x8;16;4;2;32;1)", 0)]
    public async Task Run_NamedArchitecture_HasExpertsOfItsFamily(string architecture, int legacyTasks)
    {
        var tiny = Settings(architecture);
        var settings = tiny with { Legacy = tiny.Legacy with { Tasks = legacyTasks } };
        string run = $"{architecture.Split('(')[0]}-{legacyTasks}";
        var report = await shared.Cluster.RunAsync(run, settings);
        Assert.Equal(2, report.ClassIncremental.Length);
        var named = Dmkd.Core.Preservation.NetworkFamily.Read(architecture, Size);
        var modules = await shared.Cluster.Grains.GetGrain<IModuleCatalogGrain>(run).ListAsync(Cancel);
        Assert.Equal(
            legacyTasks > 0
                ? [ModuleOrigin.Preserved, ModuleOrigin.Spawned]
                : [ModuleOrigin.Random, ModuleOrigin.Spawned],
            modules.OrderBy(module => module.Descriptor.Name).Select(module => module.Descriptor.Lineage.Origin)
        );
        foreach (var module in modules)
        {
            var expert = ArchitectureCatalog.Parse(module.Descriptor.Architecture);
            Assert.Equal(named.GetType(), expert.GetType());
            Assert.Equal(8, expert.OutputCount); // two classes in four rotations
            Assert.Equal(
                named.UnitSpaces.Select(space => legacyTasks > 0 ? space.Width / 2 : space.Width),
                expert.UnitSpaces.Select(space => space.Width)
            );
            Assert.Equal(2, module.Current.Number); // merged once
        }
    }

    [Fact]
    public async Task Run_NamedArchitecture_DecidesTheSameTwice()
    {
        var tiny = Settings("resnet20");
        var settings = tiny with { Legacy = tiny.Legacy with { Tasks = 1 } };
        var reports = await Task.WhenAll(
            shared.Cluster.RunAsync("twice-1", settings),
            shared.Cluster.RunAsync("twice-2", settings)
        );
        Assert.Equal(
            await RunOutcome.OfAsync(shared.Cluster.Grains, reports[0]),
            await RunOutcome.OfAsync(shared.Cluster.Grains, reports[1])
        );
    }

    [Theory]
    [InlineData("resnet21", "There is no architecture 'resnet21'; there are: ")]
    [InlineData("mlp(3x8x8;", "architecture: ")]
    [InlineData("vgg11-bn", "The map after the last stage must be in [1, 8]")]
    public async Task Start_UnknownArchitecture_IsRefused(string architecture, string expected)
    {
        var run = shared.Cluster.Grains.GetGrain<ITrainingRunGrain>("unknown");
        var error = await Assert.ThrowsAsync<ArgumentException>(() => run.StartAsync(Settings(architecture), Cancel));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_NetworkForOtherImages_FailsWithBothSizes()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            shared.Cluster.RunAsync("large", Settings("mlp(3x32x32;16;1)"))
        );
        Assert.Equal("The images are 3x8x8; the network 'mlp(3x32x32;16;1)' takes 3x32x32.", error.Message);
    }

    public void Dispose() => _folder.Dispose();

    private RunSettings Settings(string architecture)
    {
        Write("train", 12);
        Write("test", 4);
        return TinySettings() with
        {
            Data = new DataSource
            {
                Kind = "images",
                Path = _folder.Path,
                ImageSize = Size,
                Seed = 5,
            },
            Training = TinySettings().Training with { Architecture = architecture, Rounds = 1 },
        };
    }

    /// <summary>Four classes of one colour each, a little brighter from image to image.</summary>
    private void Write(string set, int perClass)
    {
        for (int label = 0; label < 4; label++)
        {
            string folder = Path.Combine(_folder.Path, set, $"class-{label}");
            Directory.CreateDirectory(folder);
            for (int image = 0; image < perClass; image++)
                File.WriteAllBytes(
                    Path.Combine(folder, $"{image}.bmp"),
                    Bitmap((byte)(60 * label + image), (byte)(250 - 50 * label), (byte)(5 * image))
                );
        }
    }

    private static byte[] Bitmap(byte blue, byte green, byte red)
    {
        const int Header = 54,
            Bytes = 3 * Size * Size;
        byte[] file = new byte[Header + Bytes];
        "BM"u8.CopyTo(file);
        Put(2, file.Length);
        Put(10, Header);
        Put(14, 40);
        Put(18, Size);
        Put(22, Size);
        file[26] = 1; // plane
        file[28] = 24; // bits a pixel
        for (int at = Header; at < file.Length; at += 3)
            (file[at], file[at + 1], file[at + 2]) = (blue, green, red);
        return file;

        void Put(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
    }
}
