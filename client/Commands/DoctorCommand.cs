using System.CommandLine;
using Dmkd.Client.Doctor;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Core.Devices;
using Dmkd.Core.Models;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd doctor</c>: whether DMKD can work on this machine, and with what.</summary>
internal sealed class DoctorCommand : Command
{
    private const int AnySeed = 1; // the images are only read
    private readonly CommonOptions _common = new();
    private readonly DataOptions _data = new(hasDefault: true);

    public DoctorCommand()
        : base(
            "doctor",
            "Say whether DMKD can work on this machine: processor, libtorch, convolutions, data, home and silo"
        )
    {
        foreach (var option in _data.All)
            Options.Add(option);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var source = _data.Read(parsed, AnySeed);
        string place = _common.IsCluster(parsed) ? _common.Place(parsed) : SiloCheck.Inside;
        var convolutions = Convolution.Examine();
        var checkup = new Checkup
        {
            Processor = ProcessorCheck.Look(),
            Libtorch = LibtorchCheck.Look(),
            OneDnn = TorchRuntime.OneDnnVersion(),
            Convolutions = ConvolutionCheck.Of(convolutions),
            DataFolders = [DataCheck.Look(source, cancellationToken)],
            Home = HomeCheck.Look(_common.Home(parsed)),
            Silo = await LookForSiloAsync(parsed, place, cancellationToken),
        };
        if (_common.Json(parsed))
            JsonOutput.Write(checkup);
        else
            Consoles.Create(json: false).Write(CheckupTable.Of(checkup, convolutions.Describe()));
        return checkup.Healthy ? ExitCode.Success : ExitCode.Failed;
    }

    private async Task<SiloCheck> LookForSiloAsync(
        ParseResult parsed,
        string place,
        CancellationToken cancellationToken
    )
    {
        if (place != SiloCheck.Inside)
            return await SiloCheck.LookAsync(place, () => _common.OpenAsync(parsed, cancellationToken));
        string folder = Directory.CreateTempSubdirectory("dmkd-doctor-").FullName; // the user's home stays as it is
        try
        {
            return await SiloCheck.LookAsync(
                place,
                async () =>
                    await EmbeddedSilo.StartAsync(folder, null, new(), _common.Verbose(parsed), cancellationToken)
            );
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
