using SkiaSharp;

namespace Dmkd.Client.Rendering.Images;

/// <summary>
/// The usual letters of 5 by 7 points, for machines that have no font at all. ASCII; anything else is a question mark.
/// </summary>
internal static class PixelFont
{
    /// <summary>Points from one letter to the next.</summary>
    public const int Advance = 6;

    /// <summary>Points from the top of a capital to the base line.</summary>
    public const int Height = 7;

    private const int Columns = 5;
    private const char First = ' ';

    // Five columns of eight points a letter, from ' ' to '~'; the lowest bit is the top.
    private static readonly byte[] Letters = Convert.FromHexString(
        "000000000000005F00000007000700147F147F14242A7F2A12231308646236495620500008070300001C2241000041221C002A1C7F1C2A08083E0808"
            + "00807030000808080808000060600020100804023E5149453E00427F400042615149462141454B311814127F1027454545393C4A4949304121110907"
            + "3649494936464949291E0000140000004034000000081422411414141414004122140802015909063E415D594E7C1211127C7F494949363E41414122"
            + "7F4141413E7F494949417F090909013E414151737F0808087F00417F41002040413F017F081422417F404040407F021C027F7F0408107F3E4141413E"
            + "7F090909063E4151215E7F09192946264949493203017F01033F4040403F1F2040201F3F4038403F631408146303047804036159494D43007F414141"
            + "0204081020004141417F04020102044040404040000307080020545478407F284444383844444428384444287F385454541800087E090218A4A49C78"
            + "7F0804047800447D40002040403D007F1028440000417F40007C047804787C080404783844444438FC1824241818242418FC7C080404084854545424"
            + "04043F44243C4040207C1C2040201C3C4030403C44281028444C9090907C4464544C440008364100000077000000413608000201020402"
    );

    /// <summary>Draws a text with its base line at y.</summary>
    /// <param name="canvas">Receives it.</param>
    /// <param name="text">The text.</param>
    /// <param name="x">Left end.</param>
    /// <param name="y">Base line.</param>
    /// <param name="point">Size of a point.</param>
    /// <param name="paint">Its colour. Borrowed.</param>
    public static void Draw(SKCanvas canvas, string text, float x, float y, float point, SKPaint paint)
    {
        for (int i = 0; i < text.Length; i++)
        {
            for (int column = 0; column < Columns; column++)
            {
                for (int row = 0; row <= Height; row++)
                {
                    if (IsSet(text[i], column, row))
                        canvas.DrawRect(
                            x + (i * Advance + column) * point,
                            y + (row - Height) * point,
                            point,
                            point,
                            paint
                        );
                }
            }
        }
    }

    private static bool IsSet(char letter, int column, int row)
    {
        int index = letter - First;
        if (index < 0 || index >= Letters.Length / Columns)
            index = '?' - First;
        return (Letters[index * Columns + column] >> row & 1) == 1;
    }
}
