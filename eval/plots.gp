set encoding utf8
blue = '#0072B2'; vermillion = '#D55E00'; dark = '#333333'; pale = '#888888'
png = "png truecolor font 'sans-serif,19'"
if (strstrt(GPVAL_TERMINALS, 'pngcairo')) { png = "pngcairo font 'sans-serif,19'" }
svg = "svg dynamic font 'sans-serif,24'"
style = " noenhanced background '#FFFFFF' linewidth 2 size "
terminal(kind, size) = 'set terminal '.(kind eq 'png' ? png : svg).style.size

# A cell of the matrix: nearly white for none of its row, full blue (right) or vermillion
# (wrong) for all of it.
mix(full, share) = int(255 - (255 - full) * (0.05 + 0.95 * share))
cell(right, share) = right \
    ? 65536 * mix(0, share) + 256 * mix(114, share) + mix(178, share) \
    : 65536 * mix(213, share) + 256 * mix(94, share) + mix(0, share)
ink(share) = share > 0.85 ? 0xFFFFFF : 0x222222
share_of(row, share) = sprintf('%.1f%% of %s', 100 * share, \
    row > 0 ? class_fake : class_real)

do for [kind in 'png svg'] {
    large = kind eq 'png' ? ',22' : ',28'
    huge = kind eq 'png' ? ',40' : ',53'
    marker = epochs > 100 ? 0 : epochs > 30 ? 0.4 : kind eq 'png' ? 1.3 : 0.7
    reset
    set style line 1 linecolor rgb blue linewidth 2.2 pointtype 7 pointsize 1.5 * marker
    set style line 2 linecolor rgb vermillion linewidth 2.2 pointtype 5 pointsize marker
    set style line 3 linecolor rgb pale linewidth 1.5 dashtype 2
    set border 3 linecolor rgb dark linewidth 0.75
    set grid ytics linecolor rgb '#DDDDDD' linetype 1 linewidth 0.5
    set tics nomirror textcolor rgb dark format '%g'
    set tmargin 5
    set key at graph 0.5, graph 1.02 center bottom horizontal Left reverse
    set key samplen 2 width -2 maxrows 1

    eval terminal(kind, '800,600')
    set output 'loss.'.kind
    set title 'Loss' font large offset 0,1.2
    set xlabel 'epoch'
    set ylabel 'binary cross-entropy'
    set xrange [first_epoch - 0.5:last_epoch + 0.5]
    set yrange [0:loss_top]
    set xtics epoch_step
    if (epochs == 0) {
        set label 1 'this run has no epochs' at graph 0.5,0.5 center
        unset xtics
        plot NaN notitle
    } else {
        plot 'history.dat' using 1:2 with linespoints linestyle 1 title 'training', \
             'history.dat' using 1:4 with linespoints linestyle 2 title 'validation'
    }

    set output 'accuracy.'.kind
    set title 'Accuracy' font large offset 0,1.2
    set ylabel 'share of frames judged right'
    set yrange [accuracy_bottom:1]
    if (epochs == 0) { plot NaN notitle } else {
        plot 'history.dat' using 1:3 with linespoints linestyle 1 title 'training', \
             'history.dat' using 1:5 with linespoints linestyle 2 title 'validation', \
             val_majority with lines linestyle 3 \
                 title (val_majority == val_majority ? 'majority' : '')
    }
    unset label 1

    if (robustness) {
        eval terminal(kind, '1000,600')
        set output 'robustness.'.kind
        set title 'AUC of changed frames '.scored font large offset 0,1.2
        unset xlabel; set ylabel 'area under the ROC'; set key width 0
        set xrange [-0.7:19.7]; set yrange [*<0.5:1]
        set xtics rotate by 45 right
        if (frame_auc eq 'undefined') {
            set label 3 'undefined: only one class' at graph 0.5,0.5 center
            set yrange [0:1]
            plot NaN notitle
        } else {
            plot frame_auc + 0 with lines linestyle 3 title 'unchanged frames', \
                 'robustness.dat' using 1:4:xtic(strcol(2).' '.strcol(3)) \
                     with linespoints linestyle 1 title 'frames', \
                 'robustness.dat' using 1:5 with linespoints linestyle 2 title 'videos'
        }
        unset label 3; set xtics norotate
    }

    eval terminal(kind, '700,700')
    set output 'roc.'.kind
    set title 'ROC '.scored font large offset 0,2
    set tmargin 6
    set key vertical maxrows 2 width 0
    set size square
    set grid xtics ytics
    set xrange [-0.01:1.01]; set yrange [-0.01:1.01]
    set xtics 0, 0.25, 1; set ytics 0, 0.25, 1
    set xlabel 'false positive rate (real called fake)'
    set ylabel 'true positive rate (fake found)'
    set label 2 'chance' at 0.74,0.66 center rotate by 45 textcolor rgb pale
    if (frame_auc eq 'undefined') {
        set label 3 'undefined: only one class' at 0.6,0.1 center
        plot x with lines linestyle 3 notitle
    } else {
        plot x with lines linestyle 3 notitle, \
             'roc.dat' index 0 with lines linestyle 1 title 'frames: AUC '.frame_auc, \
             'roc.dat' index 1 with lines linestyle 2 title 'videos: AUC '.video_auc
    }
    unset label 2; unset label 3

    set output 'confusion.'.kind
    set title 'Confusion matrix '.scored font large offset 0,0
    set tmargin 3
    unset key; unset grid; unset border
    set xrange [-0.5:1.5]; set yrange [1.5:-0.5]
    set xtics (class_real 0, class_fake 1) scale 0
    set ytics (class_real 0, class_fake 1) scale 0 rotate by 90 center
    set xlabel 'predicted class'; set ylabel 'true class'
    set style fill solid 1.0 noborder
    plot 'confusion.dat' using 1:2:(0.48):(0.48):(cell($1 == $2, $4)) \
             with boxxyerrorbars linecolor rgb variable, \
         'confusion.dat' using 1:2:(sprintf('%d', $3)):(ink($4)) with labels \
             offset 0,0.6 font huge textcolor rgb variable, \
         'confusion.dat' using 1:2:(share_of($2, $4)):(ink($4)) with labels \
             offset 0,-1.4 textcolor rgb variable
    unset output
}
