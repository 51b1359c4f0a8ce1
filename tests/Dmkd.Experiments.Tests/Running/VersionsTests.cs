using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Tests.Running;

public sealed class VersionsTests
{
    [Theory]
    [InlineData("0.1.0+c306dceeb6a4", "0.1.0", "c306dceeb6a4")]
    [InlineData("0.1.0", "0.1.0", "unknown")] // built outside a repository
    public void Of_InformationalVersion_IsTakenApart(string text, string program, string commit) =>
        Assert.Equal((program, commit), (Versions.Of(text).Program, Versions.Of(text).Commit));

    [Fact]
    public void Current_Libraries_HaveNumbers()
    {
        Assert.Matches(@"^\d+\.\d+\.\d+$", Versions.Current.TorchSharp);
        Assert.Matches(@"^\d+\.\d+\.\d+$", Versions.Current.Orleans);
        Assert.Matches(@"^10\.\d+\.\d+$", Versions.Current.DotNet);
    }

    [Fact]
    public void Machine_OfThisProcess_IsKnown()
    {
        var machine = MachineInfo.Read("cpu");
        Assert.Equal((Environment.ProcessorCount, "cpu"), (machine.Cores, machine.Device));
        Assert.NotEmpty(machine.Processor);
        Assert.True(machine.MemoryBytes > 0);
    }
}
